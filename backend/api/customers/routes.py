"""Customers: one by id, several by a part of e-mail or name, who left; export and erase one."""

from typing import Annotated, Literal

from fastapi import Query, Request, Response

from backend import store
from backend.api.audited import Audited
from backend.api.bodies import body_of, sent
from backend.api.customers.erasure import erase
from backend.api.customers.explanations import explained
from backend.api.customers.export import CustomerExport, exported
from backend.api.customers.fresh_answers import (
    fresh_answer,
    read_fresh_profile,
    read_supposed,
)
from backend.api.customers.profiles import read_profile
from backend.api.customers.schema import (
    CustomerList,
    CustomerProfile,
    CustomersGone,
    FreshCustomers,
    FreshRequest,
    WhatIfRequest,
    profile_json,
    profile_of,
)
from backend.api.customers.searching import searched
from backend.api.fields import CustomerIdInPath, TextInPath, asked_customer
from backend.api.problem_answers import problems
from backend.api.repeated import RepeatableAnswer, not_repeated
from backend.api.routers import SeesPeople, for_admin_keys, for_any_key, is_shown_people
from backend.api.state import State, api_of
from backend.core.errors import NoRunPublished, NoScoringModel, PeopleMasked
from backend.core.instants import WrittenInstant, in_utc
from backend.database.database_clock import read_clock
from backend.database.engine import transaction

router = for_any_key("/api/mcp/customers", "customers")
UNSCORABLE = str(NoScoringModel("5f0c2a9be1d34c77"))


admin = for_admin_keys()


# "search" and "gone" stand ahead of /{customer_id}, which would take them for ids.
@router.get(
    "/search",
    response_model=CustomerList,
    responses=problems(403, _403=str(PeopleMasked())),
)
async def search_customers(
    state: State,
    sees_people: SeesPeople,
    query: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            description="Any part of an e-mail or a name, in any case; or a whole id",
            examples=["john"],
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many", examples=[20])] = 10,
) -> Response:
    """Find customers by any part of their e-mail, first or last name; best matches first.

    A whole id, or a whole e-mail as the shop has it, finds its customers alone. Not with a key of
    API_KEY_MASKED.
    """
    if not sees_people:
        raise PeopleMasked
    found = await searched(state, query, limit)
    return Response(found.model_dump_json(), media_type="application/json")


@router.get("/gone")
async def list_customers_gone(
    state: State,
    since: Annotated[
        WrittenInstant | None,
        Query(
            description="Only who left then or later; in SHOP_TIME_ZONE without an offset",
            examples=["2026-06-01"],
        ),
    ] = None,
    after: Annotated[
        int,
        Query(
            ge=0, le=2**63 - 1, description="Only those after the one with this id", examples=[0]
        ),
    ] = 0,
    limit: Annotated[
        int, Query(ge=1, le=10_000, description="At most so many", examples=[20])
    ] = 1000,
) -> CustomersGone:
    """List whom a copy of ours has to forget: who left within the last thirty days, and why.

    The first first: go on from the last id you got until the list is empty.
    """
    earliest = None if since is None else in_utc(since, state.shop.mapping.zone, "since")
    async with transaction(state.engine) as connection:
        gone = await store.read_gone(
            connection, now=await read_clock(connection), since=earliest, after=after, limit=limit
        )
    return CustomersGone(gone=gone)


@router.get(
    "/{customer_id:any_text}",
    response_model=CustomerProfile,
    responses=problems(404, 409, _409=UNSCORABLE),
)
async def get_customer(
    request: Request,  # each dependency would cost a tenth of the answer
    customer_id: TextInPath,
    explain: Annotated[bool, Query(description="Add why these numbers", examples=[True])] = False,
    fresh: Annotated[
        bool,
        Query(
            description="Score their orders of this moment by the served run's model; updated_at "
            "and changed_at are null then, for nothing is published",
            examples=[True],
        ),
    ] = False,
) -> RepeatableAnswer:
    """Tell one customer's segment, value and churn risk.

    With a key of API_KEY_MASKED, e-mail and names are null.
    """
    state, sees_people = api_of(request), is_shown_people(request)
    if fresh:
        not_repeated(request)
    read = read_fresh_profile if fresh else read_profile
    customer, shown = await read(state, asked_customer(customer_id))
    if not explain:
        return RepeatableAnswer(profile_json(customer, shown, masked=not sees_people))
    profile = profile_of(customer, shown)
    told = await explained(state, profile if sees_people else profile.masked())
    return RepeatableAnswer(told.model_dump_json())


@router.post(
    "/fresh",
    openapi_extra=body_of(FreshRequest, required=True),
    responses=problems(404, 409, _404=str(NoRunPublished()), _409=UNSCORABLE),
)
async def score_customers(
    state: State, sees_people: SeesPeople, wanted: Annotated[FreshRequest, sent(FreshRequest)]
) -> FreshCustomers:
    """Score up to 100 customers by their orders of this moment and the served run's model.

    Nothing is written. With a key of API_KEY_MASKED, e-mail and names are null.
    """
    return await fresh_answer(state, wanted.ids, sees_people=sees_people)


@router.post(
    "/{customer_id:any_text}/what-if",
    response_model=CustomerProfile,
    openapi_extra=body_of(WhatIfRequest, required=True),
    responses=problems(404, 409, _409=UNSCORABLE),
)
async def suppose_orders(
    state: State,
    sees_people: SeesPeople,
    customer_id: CustomerIdInPath,
    wanted: Annotated[WhatIfRequest, sent(WhatIfRequest)],
) -> CustomerProfile:
    """Tell what a customer's numbers would be with some orders more: "an order of 80 today".

    Nothing is written. As of now, or of the moment after the last of these orders.
    """
    profile = profile_of(*await read_supposed(state, customer_id, wanted.orders))
    return profile if sees_people else profile.masked()


@admin.get("/customers/{customer_id:any_text}/export", responses=problems(404))
async def export_customer(
    state: State, audited: Audited, customer_id: CustomerIdInPath
) -> CustomerExport:
    """Return all that is held about one customer, and what each value means."""
    return await exported(state, audited, customer_id)


@admin.delete("/customers/{customer_id:any_text}", status_code=204, responses=problems(404))
async def erase_customer(
    state: State,
    audited: Audited,
    customer_id: CustomerIdInPath,
    forget: Annotated[
        Literal["now"] | None,
        Query(
            description="now: leave no tombstone; the next run knows them, if the shop does",
            examples=["now"],
        ),
    ] = None,
) -> None:
    """Erase everything of ours about a customer, their changes of segment included.

    They stay unknown to every route and every run, the one at work included, until a run no longer
    finds them in the shop: a tombstone stands meanwhile, which recognises the id and does not hold
    it.
    """
    await erase(state, audited, customer_id, forget=forget is not None)
