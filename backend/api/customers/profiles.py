"""Profiles: the shop's half, read each time, and ours, which may be kept in the shared cache.

E-mails and names are in no cache, ours or anybody's: who leaves the shop, or is erased, is unknown
to every replica with the next question.
"""

from collections.abc import Collection, Sequence
from functools import cache, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from backend import __version__, store
from backend.api.customers.schema import CustomerProfile, profile_of
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.database.engine import transaction
from backend.results.customer_numbers import CustomerNumbers
from backend.shop import customers
from backend.shop.asking import asked
from backend.shop.customers import MAX_FOUND, Customer
from backend.store import runs
from backend.store.runs import Published
from backend.store.tombstones import erased_among


async def read_profile(state: ApiState, customer_id: CustomerId) -> CustomerProfile:
    """Return one customer's profile.

    Raises
    ------
    CustomerNotFound
        When the shop has no such customer, or they are erased.
    """
    find = partial(customers.get_customer, shop=state.shop, customer_id=customer_id)
    customer = await asked(state.shop_engine, state.shop, find)
    published, erased = await _standing(state, {customer_id, *_ids([customer])})
    if customer is None or not erased.isdisjoint({customer_id, customer.id}):
        raise CustomerNotFound(str(customer_id))
    numbers = await _kept_numbers(state, published, customer.id)
    return profile_of(customer, numbers)


async def search_profiles(state: ApiState, query: str, limit: int) -> list[CustomerProfile]:
    """Return the profiles of those whom a search finds; who is erased is not among them."""
    wanted = limit
    while True:
        search = partial(customers.search_customers, shop=state.shop, query=query, limit=wanted)
        found = await asked(state.shop_engine, state.shop, search)
        published, erased = await _standing(state, _ids(found))
        known = [customer for customer in found if customer.id not in erased][:limit]
        if len(known) == limit or len(found) < wanted or wanted == MAX_FOUND:
            break
        wanted = min(2 * wanted, MAX_FOUND)
    numbers = await _numbers(state, published, _ids(known))
    return [profile_of(customer, numbers[customer.id]) for customer in known]


def _ids(found: Sequence[Customer | None]) -> list[CustomerId]:
    return [customer.id for customer in found if customer is not None]


async def _standing(
    state: ApiState, customer_ids: Collection[CustomerId]
) -> tuple[Published | None, set[CustomerId]]:
    """Return which run is served, and who of these customers is erased."""
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
        erased = await erased_among(connection, state.own_keys.tombstones, customer_ids)
    return published, set(erased)


async def _numbers(
    state: ApiState, published: Published | None, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, CustomerNumbers]:
    unknown = {one: CustomerNumbers.unknown(one) for one in customer_ids}
    if published is None:
        return unknown
    async with transaction(state.engine) as connection:
        return {**unknown, **await store.read_profiles(connection, published, customer_ids)}


async def _kept_numbers(
    state: ApiState, published: Published | None, customer_id: CustomerId
) -> CustomerNumbers:
    """Return the numbers that the cache has of what is served, else read and keep them."""
    if published is None:
        return CustomerNumbers.unknown(customer_id)
    served = f"{__version__}:{published.run_id}:{published.revision}"
    key = cache_key(state, customer_id)
    kept = await state.cache.get(key)
    if kept and (numbers := _restored(kept, served, customer_id)) is not None:
        return numbers
    numbers = (await _numbers(state, published, [customer_id]))[customer_id]
    await state.cache.set(key, served.encode() + b"\n" + _written(numbers))
    return numbers


def cache_key(state: ApiState, customer_id: CustomerId) -> str:
    """Return where a customer's numbers are kept: one place, so that one deletion empties it."""
    return f"customer:{state.own_keys.cached.mark(customer_id)}"


@cache
def _adapter() -> TypeAdapter[CustomerNumbers]:
    return TypeAdapter(CustomerNumbers)


def _written(numbers: CustomerNumbers) -> bytes:
    """Write all but the id, which the key stands for."""
    return _adapter().dump_json(numbers, exclude={"customer_id"})


def _restored(kept: bytes, served: str, customer_id: CustomerId) -> CustomerNumbers | None:
    """Return kept numbers; None where they are of another run, or spoilt."""
    was_served, _, text = kept.partition(b"\n")
    if was_served != served.encode():
        return None
    try:
        values: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(text)
        return _adapter().validate_python({**values, "customer_id": customer_id})
    except ValidationError:
        return None
