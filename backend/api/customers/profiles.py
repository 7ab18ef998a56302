"""Profiles: the shop's half, read each time, and ours, which may be kept in the shared cache.

E-mails and names are in no shared cache: who leaves the shop, or is erased, is unknown to every
replica as soon as it reads anew (`repeated`).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from backend import __version__
from backend.api.customers.shape import json_type
from backend.api.profile_reads import ProfileReads
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.database.compiled import Row
from backend.results.customer_numbers import SHOWN, Shown
from backend.shop import customers
from backend.shop.asking import Answer, asked, asked_again, customers_as_remembered
from backend.shop.customers import WIDTH, Customer, asked_id, customer_of
from backend.store.hot_numbers import (
    UNSEEN,
    NumbersBeside,
    is_erased,
    of_customer,
    shown_in,
    shown_of,
    standing_among,
    stored_ids,
)
from backend.store.runs import Published

SHOP = "shop"
Known = tuple[Customer, Shown]
"""What the shop knows of a customer, and what the published run says."""
Several = tuple[dict[CustomerId, Customer], NumbersBeside | None]
"""The same of several; no numbers where they were not read with them."""


async def read_profile(state: ApiState, customer_id: CustomerId) -> Known:
    """Return what is known of one customer.

    Raises
    ------
    CustomerNotFound
        When the shop has no such customer, or they are erased.
    """
    if state.shop.mapping.merge_guests or not customer_id.text.isascii():
        return await _read_in_steps(state, customer_id)
    return await asked_anew(state, partial(_read_at_once, state, customer_id))


async def _read_in_steps(state: ApiState, customer_id: CustomerId) -> Known:
    """Find whose account it is first, or whether the shop's database could hold such an id."""
    find = partial(customers.get_customer, shop=state.shop, customer_id=customer_id)
    customer = await asked(state.shop_engine, state.shop, find)
    if customer is None or await _is_any_erased(state, {customer_id, customer.id}):
        raise CustomerNotFound(str(customer_id))
    return customer, await _kept_numbers(state, customer.id)


async def _is_any_erased(state: ApiState, customer_ids: set[CustomerId]) -> bool:
    standing = await standing_among(state.engine, state.own_keys.tombstones, [*customer_ids])
    return len(standing) < len(customer_ids)


def _forget(state: ApiState) -> None:
    """Look anew at the shop's tables and at ours, whose ids may be of another type by now."""
    state.shop.forget()
    state.served.forget()


async def _read_at_once(state: ApiState, customer_id: CustomerId) -> Known:
    """Read all in one statement, or in one for each database."""
    published = (await state.served.now()).published
    reads = await _reads(state, published)
    kept = await _restored_numbers(state, published, customer_id)
    found = await _halves(state, reads, customer_id, with_numbers=kept is None)
    if found is None or is_erased(found[1]):
        raise CustomerNotFound(str(customer_id))
    customer, ours = found
    if kept is not None:
        return customer, kept
    shown = shown_in(ours, customer_id)
    await _keep(state, published, customer_id, shown)
    return customer, shown


async def _halves(
    state: ApiState, reads: ProfileReads, customer_id: CustomerId, *, with_numbers: bool
) -> tuple[Customer, Row] | None:
    """Return the shop's half and our row; None where the shop has no such customer."""
    dialect, marker = state.shop_engine.dialect.name, state.own_keys.tombstones
    in_shop, in_ours = asked_id(customer_id, dialect), of_customer(customer_id, reads.kind, marker)
    if state.is_one_database:
        read = reads.in_one if with_numbers else reads.in_one_without_numbers
        rows = await read.rows(state.shop_engine, {**in_shop, **in_ours}, SHOP)
        return _the_one(rows, customer_id)
    rows = await reads.shops.rows(state.shop_engine, in_shop, SHOP)
    if (found := _the_one(rows, customer_id)) is None:
        return None
    read = reads.ours if with_numbers else reads.ours_without_numbers
    (ours,) = await read.rows(state.engine, in_ours)
    return found[0], ours


def _the_one(rows: Sequence[Row], customer_id: CustomerId) -> tuple[Customer, Row] | None:
    """Return the customer and the rest of their row: a collation may take two ids for one."""
    for row in reversed(rows):
        if (customer := customer_of(row)).id == customer_id:
            return customer, row[WIDTH:]
    return None


def ids_of(found: Sequence[Customer | None]) -> list[CustomerId]:
    """Return the ids of those who were found."""
    return [customer.id for customer in found if customer is not None]


async def read_customers(
    state: ApiState, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, Customer]:
    """Return what the shop knows at this moment of several, by the id that was asked for."""
    if state.shop.mapping.merge_guests or not all(one.text.isascii() for one in customer_ids):
        find = partial(customers.get_customers, shop=state.shop, customer_ids=customer_ids)
        return await asked(state.shop_engine, state.shop, find)
    return await asked_anew(state, partial(_customers_at_once, state, customer_ids))


async def _customers_at_once(
    state: ApiState, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, Customer]:
    dialect, wanted = state.shop_engine.dialect.name, {*customer_ids}
    ids = [asked_id(one, dialect) for one in customer_ids]
    reads = await _reads(state, (await state.served.now()).published)
    found = map(customer_of, await reads.several.rows(state.shop_engine, ids, SHOP))
    return {one.id: one for one in found if one.id in wanted}


async def read_with_numbers(state: ApiState, customer_ids: Sequence[CustomerId]) -> Several:
    """Return the same with what was published of each, where one statement can find both."""
    if not state.is_one_database or state.shop.mapping.merge_guests:
        return await read_customers(state, customer_ids), None
    return await asked_anew(state, partial(_with_numbers_at_once, state, customer_ids))


async def _with_numbers_at_once(state: ApiState, customer_ids: Sequence[CustomerId]) -> Several:
    reads = await _reads(state, (await state.served.now()).published)
    if reads.several_in_one is None:
        return await read_customers(state, customer_ids), None
    ids = [asked_id(one, "postgresql") for one in customer_ids]
    rows = await reads.several_in_one.rows(state.shop_engine, ids, SHOP)
    found = [(customer_of(row), row[WIDTH:]) for row in rows]
    numbers = NumbersBeside.of({customer.id: beside for customer, beside in found})
    return {customer.id: customer for customer, _ in found}, numbers


async def numbers_of_standing(
    state: ApiState, customer_ids: Sequence[CustomerId], beside: NumbersBeside | None = None
) -> Mapping[CustomerId, Shown]:
    """Return what was published of each of these customers who is not erased.

    Parameters
    ----------
    state, customer_ids
        Of whom.
    beside
        What was read with them of it.
    """
    if beside is not None and not beside.is_any_erased:
        return beside.numbers
    standing = await standing_among(state.engine, state.own_keys.tombstones, customer_ids)
    if beside is not None:
        return {one: beside.numbers[one] for one in standing}
    return await _numbers_of(state, standing)


async def _numbers_of(
    state: ApiState, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, Shown]:
    return await asked_anew(state, partial(_numbers_at_once, state, customer_ids))


async def _numbers_at_once(
    state: ApiState, customer_ids: Sequence[CustomerId]
) -> dict[CustomerId, Shown]:
    reads = await _reads(state, (await state.served.now()).published)
    ids = stored_ids(customer_ids, reads.kind)
    rows = {str(row[0]): row for row in await reads.numbers_of_several.rows(state.engine, ids)}
    return {one: shown_of(rows.get(one.text, UNSEEN), one) for one in customer_ids}


async def asked_anew(state: ApiState, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask; where the shop's tables or ours are not what they were, look at them and ask again."""
    return await asked_again(state.shop, ask, partial(_forget, state))


async def _reads(state: ApiState, published: Published | None) -> ProfileReads:
    accounts = await customers_as_remembered(state.shop_engine, state.shop)
    kind = "integer" if published is None else published.customer_id_type
    return state.profile_statements.for_(accounts, kind)


async def _kept_numbers(state: ApiState, customer_id: CustomerId) -> Shown:
    """Return the numbers that the cache has of what is served, else read and keep them."""
    published = (await state.served.now()).published
    if (kept := await _restored_numbers(state, published, customer_id)) is not None:
        return kept
    shown = (await _numbers_of(state, [customer_id]))[customer_id]
    await _keep(state, published, customer_id, shown)
    return shown


async def _restored_numbers(
    state: ApiState, published: Published | None, customer_id: CustomerId
) -> Shown | None:
    """Return the numbers that the cache has of what is served."""
    if published is None or not state.cache.keeps:
        return None
    kept = await state.cache.get(cache_key(state, customer_id))
    return _restored(kept, _served(published)) if kept else None


async def _keep(
    state: ApiState, published: Published | None, customer_id: CustomerId, shown: Shown
) -> None:
    if published is None or not state.cache.keeps:
        return
    text = _served(published).encode() + b"\n" + to_json(shown)
    await state.cache.set(cache_key(state, customer_id), text)


def _served(published: Published) -> str:
    return f"{__version__}:{published.run_id}:{published.revision}"


def cache_key(state: ApiState, customer_id: CustomerId) -> str:
    """Return where a customer's numbers are kept: one place, so that one deletion empties it."""
    return f"customer:{state.own_keys.cached.mark(customer_id)}"


@cache
def _of_shown() -> TypeAdapter[Shown]:
    shown: Any = tuple.__class_getitem__(tuple(json_type(one.kind) | None for one in SHOWN))
    return TypeAdapter(shown)


def _restored(kept: bytes, served: str) -> Shown | None:
    """Return kept numbers; None where they are of another run, or spoilt."""
    was_served, _, text = kept.partition(b"\n")
    if was_served != served.encode():
        return None
    try:
        return _of_shown().validate_json(text)
    except ValidationError:
        return None
