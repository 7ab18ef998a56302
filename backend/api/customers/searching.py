"""Search: a whole id or e-mail by the shop's own indexes, any part by the copy where there is one.

E-mails and names are the shop's at this moment, whoever proposed the customer.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from backend.api.customers.profiles import ids_of, numbers_among, read_profile, standing_of
from backend.api.customers.schema import CustomerList, profile_of
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.core.glossary import FoundBy
from backend.database.engine import AsyncConnection, transaction
from backend.shop.asking import asked
from backend.shop.customers import Customer
from backend.shop.search import MAX_FOUND, customers_with_email, matching, search_customers
from backend.shop.spelling import folded
from backend.store import runs
from backend.store.search_copy import SearchCopy, proposed, read_search_copy


@dataclass(frozen=True, slots=True)
class Found:
    """What one look found.

    Attributes
    ----------
    customers
        The best first, at most as many as were asked for.
    may_be_more
        Whether asking for more could find others.
    """

    customers: Sequence[Customer]
    by: FoundBy
    may_be_more: bool


async def searched(state: ApiState, query: str, limit: int) -> CustomerList:
    """Return the profiles of those whom a search finds; who is erased is not among them."""
    written = query.strip()
    if (alone := await _whose_it_is(state, written, limit)) is not None:
        return alone
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
        copy = await read_search_copy(connection)
    has_text_ids = published is not None and published.customer_id_type == "text"
    if has_text_ids and (alone := await _with_id(state, written)) is not None:
        return alone
    async with state.heavy_reads.place():
        return await _with_any_part(state, copy, query, limit)


async def _whose_it_is(state: ApiState, written: str, limit: int) -> CustomerList | None:
    """Return whose id a number is, or whose e-mail."""
    if written.isdecimal():
        return await _with_id(state, written)
    if "@" not in written:
        return None
    found = await _with_email(state, written, limit)
    return found if found.count else None


async def _with_id(state: ApiState, written: str) -> CustomerList | None:
    if (customer_id := CustomerId.parse(written)) is None:
        return None
    with suppress(CustomerNotFound):
        profile = profile_of(*await read_profile(state, customer_id))
        return CustomerList(customers=[profile], count=1, found_by=FoundBy.ID, copied_at=None)
    return None


async def _with_email(state: ApiState, email: str, limit: int) -> CustomerList:
    find = partial(customers_with_email, shop=state.shop, email=email, limit=limit)
    found = await asked(state.shop_engine, state.shop, find)
    return await _shown(state, Found(found, FoundBy.EMAIL, may_be_more=False), limit)


async def _with_any_part(
    state: ApiState, copy: SearchCopy | None, query: str, limit: int
) -> CustomerList:
    """Look for as many as are wanted, and for more where some of them are erased."""
    wanted = limit
    while True:
        found = await _found(state, copy, query, wanted)
        shown = await _shown(state, found, limit)
        if shown.count == limit or not found.may_be_more or wanted == MAX_FOUND:
            return (
                shown if copy is None else shown.model_copy(update={"copied_at": copy.refreshed_at})
            )
        wanted = min(2 * wanted, MAX_FOUND)


async def _found(state: ApiState, copy: SearchCopy | None, query: str, limit: int) -> Found:
    if copy is None:
        look = partial(_among_all, state, query=query, limit=limit)
        return await asked(state.shop_engine, state.shop, look)
    if "\0" in query or not (sought := folded(query)):
        return Found([], FoundBy.SEARCH_COPY, may_be_more=False)
    async with transaction(state.engine) as connection:
        ids = await proposed(connection, copy, sought, limit)
    find = partial(matching, shop=state.shop, query=query, proposed=ids)
    customers = await asked(state.shop_engine, state.shop, find)
    return Found(customers[:limit], FoundBy.SEARCH_COPY, may_be_more=len(ids) >= limit)


async def _among_all(
    state: ApiState, connection: AsyncConnection, *, query: str, limit: int
) -> Found:
    customers = await search_customers(connection, state.shop, query, limit)
    has_index = await state.shop.has_trigrams(connection)
    by = FoundBy.SHOP_INDEX if has_index else FoundBy.EVERY_CUSTOMER
    return Found(customers, by, may_be_more=len(customers) == limit)


async def _shown(state: ApiState, found: Found, limit: int) -> CustomerList:
    published, erased = await standing_of(state, ids_of(found.customers))
    known = [one for one in found.customers if one.id not in erased][:limit]
    numbers = await numbers_among(state, published, ids_of(known))
    profiles = [profile_of(one, numbers[one.id]) for one in known]
    return CustomerList(customers=profiles, count=len(profiles), found_by=found.by, copied_at=None)
