"""Search: a whole id or e-mail by the shop's own indexes, any part by the copy where there is one.

E-mails and names are the shop's at this moment, whoever proposed the customer.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from backend.api.customers.profiles import (
    asked_anew,
    ids_of,
    numbers_of_standing,
    read_profile,
    read_with_numbers,
)
from backend.api.customers.schema import CustomerList, CustomerProfile, profile_of
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.core.glossary import FoundBy
from backend.shop.asking import asked
from backend.shop.customers import Customer
from backend.shop.search import MAX_FOUND, matching, search_customers
from backend.shop.search_by_index import Hit, find_by_index
from backend.shop.spelling import folded
from backend.shop.whole_emails import customers_with_email
from backend.store.hot_numbers import NumbersBeside, with_numbers_of
from backend.store.search_copy import SearchCopy, proposed

LOOKS = 2  # at the copy, where it is another than it was


@dataclass(frozen=True, slots=True)
class Found:
    """What one look found.

    Attributes
    ----------
    customers
        The best first, at most as many as were asked for.
    may_be_more
        Whether asking for more could find others.
    beside
        What was published of each, where that was read with them.
    copied_at
        When the copy that proposed them was compared with the shop.
    """

    customers: Sequence[Customer]
    by: FoundBy
    may_be_more: bool
    beside: NumbersBeside | None = None
    copied_at: datetime | None = None


async def searched(state: ApiState, query: str, limit: int) -> CustomerList:
    """Return the profiles of those whom a search finds; who is erased is not among them."""
    written = query.strip()
    if (alone := await _whose_it_is(state, written, limit)) is not None:
        return alone
    published = (await state.served.now()).published
    has_text_ids = published is not None and published.customer_id_type == "text"
    if has_text_ids and (alone := await _with_id(state, written)) is not None:
        return alone
    async with state.heavy_reads.place():
        return await _with_any_part(state, query, limit)


async def found_for(
    state: ApiState, query: str, limit: int, *, sees_people: bool
) -> list[CustomerProfile]:
    """Return whom a search finds; who may see no names finds by a whole id alone, and without."""
    if sees_people:
        return [*(await searched(state, query, limit)).customers]
    alone = await _with_id(state, query.strip())
    return [] if alone is None else [one.masked() for one in alone.customers]


async def _whose_it_is(state: ApiState, written: str, limit: int) -> CustomerList | None:
    """Return whose id a number is, or whose e-mail."""
    if written.isdecimal():
        return await _with_id(state, written)
    return await _with_email(state, written, limit) if "@" in written else None


async def _with_id(state: ApiState, written: str) -> CustomerList | None:
    customer_id = CustomerId.parse(written)
    return None if customer_id is None else await _alone(state, customer_id, FoundBy.ID)


async def _with_email(state: ApiState, email: str, limit: int) -> CustomerList | None:
    found = await customers_with_email(
        state.shop_engine, state.shop, state.email_reads, email, limit
    )
    if len(found) == 1:
        return await _alone(state, found[0].id, FoundBy.EMAIL)
    if not found:
        return None
    shown = await _shown(state, Found(found, FoundBy.EMAIL, may_be_more=False), limit)
    return shown if shown.count else None


async def _alone(state: ApiState, customer_id: CustomerId, by: FoundBy) -> CustomerList | None:
    """Return one profile, by the statement that reads any; None for who is not there, or erased."""
    with suppress(CustomerNotFound):
        profile = profile_of(*await read_profile(state, customer_id))
        return CustomerList(customers=[profile], count=1, found_by=by, copied_at=None)
    return None


async def _with_any_part(state: ApiState, query: str, limit: int) -> CustomerList:
    """Look for as many as are wanted, and for more where some of them may be erased."""
    erased = (await state.served.now()).erased
    wanted = min(limit + min(erased, limit), MAX_FOUND)
    while True:
        found = await _found(state, query, wanted)
        shown = await _shown(state, found, limit)
        if shown.count == limit or not found.may_be_more or wanted == MAX_FOUND:
            return shown
        wanted = min(2 * wanted, MAX_FOUND)


async def _found(state: ApiState, query: str, limit: int) -> Found:
    for _ in range(LOOKS):
        if (copy := await state.copy.now()) is None:
            break
        if (found := await _by_copy(state, copy, query, limit)) is not None:
            return found
        state.copy.forget()
    return await _in_the_shop(state, query, limit)


async def _by_copy(state: ApiState, copy: SearchCopy, query: str, limit: int) -> Found | None:
    """Return whom the copy proposes and the shop confirms; None where it is another by now."""
    known = partial(Found, by=FoundBy.SEARCH_COPY, copied_at=copy.refreshed_at)
    if "\0" in query or not (sought := folded(query)):
        return known([], may_be_more=False)
    if (ids := await proposed(state.engine, copy, sought, limit)) is None:
        return None
    read, beside = await read_with_numbers(state, ids)
    customers = matching(read.values(), query)[:limit]
    return known(customers, may_be_more=len(ids) >= limit, beside=beside)


async def _in_the_shop(state: ApiState, query: str, limit: int) -> Found:
    hits = await asked_anew(state, partial(_by_index, state, query, limit))
    if hits is None:
        look = partial(search_customers, shop=state.shop, query=query, limit=limit)
        found = await asked(state.shop_engine, state.shop, look)
        return Found(found, FoundBy.EVERY_CUSTOMER, may_be_more=len(found) == limit)
    beside = NumbersBeside.of({hit.customer.id: hit.beside for hit in hits})
    customers = [hit.customer for hit in hits]
    return Found(customers, FoundBy.SHOP_INDEX, len(hits) == limit, beside)


async def _by_index(state: ApiState, query: str, limit: int) -> list[Hit] | None:
    published = (await state.served.now()).published
    has_text_ids = published is not None and published.customer_id_type == "text"
    beside = with_numbers_of if state.is_one_database and not has_text_ids else None
    engine, reads = state.shop_engine, state.part_reads
    return await find_by_index(engine, state.shop, reads, query, limit, beside)


async def _shown(state: ApiState, found: Found, limit: int) -> CustomerList:
    numbers = await numbers_of_standing(state, ids_of(found.customers), found.beside)
    known = [one for one in found.customers if one.id in numbers][:limit]
    profiles = [profile_of(one, numbers[one.id]) for one in known]
    return CustomerList(
        customers=profiles, count=len(profiles), found_by=found.by, copied_at=found.copied_at
    )
