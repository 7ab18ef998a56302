"""Customers: one by id, several by a part of e-mail or name; erase what we hold of one."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

from fastapi import Query

from backend import store
from backend.api.caching import cached
from backend.api.customers.explanations import explained
from backend.api.customers.schema import CustomerList, CustomerProfile, profile_of
from backend.api.fields import CustomerIdInPath
from backend.api.problem_answers import problems
from backend.api.routers import for_admin_keys, for_any_key
from backend.api.state import ApiState, State
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.database.engine import transaction
from backend.results.customer_numbers import CustomerNumbers
from backend.shop import customers
from backend.shop.asking import asked
from backend.shop.customers import Customer
from backend.store import runs
from backend.store.runs import Published

router = for_any_key("/api/mcp/customers", "customers")


admin = for_admin_keys()


# Ahead of /{customer_id}, which would take "search" for an id.
@router.get("/search")
async def search_customers(
    state: State,
    query: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            description="Any part of an e-mail or a name, in any case",
            examples=["john"],
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many")] = 10,
) -> CustomerList:
    """Find customers by any part of their e-mail, first or last name; best matches first."""
    search = partial(customers.search_customers, shop=state.shop, query=query, limit=limit)
    found = await asked(state.shop_engine, state.shop, search)
    profiles = await _profiles(state, await _published(state), found)
    return CustomerList(customers=profiles, count=len(profiles))


@router.get("/{customer_id:any_text}", responses=problems(404))
async def get_customer(
    state: State,
    customer_id: CustomerIdInPath,
    explain: Annotated[bool, Query(description="Add why these numbers")] = False,
) -> CustomerProfile:
    """Tell one customer's segment, value and churn risk."""
    published = await _published(state)
    read = partial(_read_one, state, published, customer_id)
    name = f"customer:{customer_id}"
    known = await cached(state.cache, published, name, CustomerProfile, read)
    return await explained(state, known) if explain else known


@admin.delete("/customers/{customer_id:any_text}", status_code=204, responses=problems(404, 409))
async def erase_customer(state: State, customer_id: CustomerIdInPath) -> None:
    """Erase everything of ours about a customer, their changes of segment included.

    Erase them in the shop first, and not while a run is at work: what it has read it publishes.
    """
    await runs.reap_expired(state.engine, now=state.now())
    async with transaction(state.engine) as connection:
        published = await runs.published(connection)
        erased = published is not None and await store.erase_customer(
            connection, published, customer_id
        )
    if not erased:
        raise CustomerNotFound(str(customer_id))


async def _published(state: ApiState) -> Published | None:
    async with transaction(state.engine) as connection:
        return await runs.published(connection)


async def _read_one(
    state: ApiState, published: Published | None, customer_id: CustomerId
) -> CustomerProfile:
    find = partial(customers.get_customer, shop=state.shop, customer_id=customer_id)
    customer = await asked(state.shop_engine, state.shop, find)
    if customer is None:
        raise CustomerNotFound(str(customer_id))
    return (await _profiles(state, published, [customer]))[0]


async def _profiles(
    state: ApiState, published: Published | None, found: Sequence[Customer]
) -> list[CustomerProfile]:
    """Join the shop's customers with what the published run says of them."""
    ids = [customer.id for customer in found]
    numbers = {} if published is None else await _numbers(state, published, ids)
    return [
        profile_of(customer, numbers.get(customer.id) or CustomerNumbers.unknown(customer.id))
        for customer in found
    ]


async def _numbers(
    state: ApiState, published: Published, customer_ids: Sequence[CustomerId]
) -> Mapping[CustomerId, CustomerNumbers]:
    async with transaction(state.engine) as connection:
        return await store.read_profiles(connection, published, customer_ids)
