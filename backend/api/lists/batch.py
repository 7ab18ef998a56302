"""Many customers at once, by ids or e-mails that somebody has: who is there, and who is missing."""

from collections.abc import Mapping, Sequence
from functools import partial

from backend import store
from backend.api.customers.schema import profile_of
from backend.api.lists.read_list import of_run
from backend.api.lists.schema import BatchRequest, CustomerBatch, MissingCustomers
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection, snapshot
from backend.database.failures import OURS
from backend.results.customer_numbers import CustomerNumbers
from backend.shop import customers
from backend.shop.asking import asked as asked_of_shop
from backend.shop.customers import Customer
from backend.store import runs
from backend.store.tombstones import erased_among


async def batch_answer(
    state: ApiState, wanted: BatchRequest, *, sees_people: bool
) -> CustomerBatch:
    """Look customers up: one query of the shop's database, two of ours."""
    found = await (_by_id(state, wanted.ids) if wanted.ids else _by_email(state, wanted.emails))
    async with snapshot(state.engine, OURS) as connection:
        known = await _without_erased(connection, state, found)
        people = {person.id: person for some in known.values() for person in some}
        published = await runs.published(connection)
        numbers = (
            {} if published is None else await store.read_profiles(connection, published, [*people])
        )
    profiles = [
        profile_of(person, (numbers.get(one) or CustomerNumbers.unknown(one)).shown)
        for one, person in people.items()
    ]
    missing = [asked for asked, some in known.items() if not some]
    return CustomerBatch(
        customers=profiles if sees_people else [one.masked() for one in profiles],
        missing=MissingCustomers(
            ids=missing if wanted.ids else [], emails=missing if wanted.emails else []
        ),
        **of_run(published),
    )


async def _without_erased(
    connection: AsyncConnection, state: ApiState, found: Mapping[str, Sequence[Customer]]
) -> dict[str, list[Customer]]:
    """Find nobody who is erased, by whichever of their accounts they are asked for."""
    ids = {one for asked in found if (one := CustomerId.parse(asked)) is not None}
    ids |= {person.id for some in found.values() for person in some}
    erased = await erased_among(connection, state.own_keys.tombstones, ids)
    return {
        asked: [one for one in some if erased.keys().isdisjoint({one.id, CustomerId.parse(asked)})]
        for asked, some in found.items()
    }


async def _by_id(state: ApiState, ids: Sequence[str]) -> Mapping[str, Sequence[Customer]]:
    asked = {text: CustomerId.parse(text) for text in ids}
    known = [one for one in asked.values() if one is not None]
    find = partial(customers.get_customers, shop=state.shop, customer_ids=known)
    found = await asked_of_shop(state.shop_engine, state.shop, find)
    return {text: [found[one]] if one in found else [] for text, one in asked.items()}


async def _by_email(state: ApiState, emails: Sequence[str]) -> Mapping[str, Sequence[Customer]]:
    find = partial(customers.customers_of_emails, shop=state.shop, emails=emails)
    return await asked_of_shop(state.shop_engine, state.shop, find)
