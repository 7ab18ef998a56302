"""The room Customers."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import ValidationError

from backend.api import problems
from backend.api.audited import Auditor
from backend.api.lists.list_csv import ListAsCsv
from backend.api.lists.list_query import ListQuery
from backend.api.lists.list_workbook import ListAsWorkbook
from backend.api.lists.read_list import AskedList
from backend.api.state import ApiState, State
from backend.core.errors import (
    CursorExpired,
    CursorOfAnotherList,
    CursorUnreadable,
    InvalidRunRequest,
    UnknownField,
)
from backend.web.error_pages import told
from backend.web.list_address import LIST, TOTALS, ListAddress
from backend.web.own_paths import is_part
from backend.web.page_in_two import PageInTwo, is_soon
from backend.web.room import Room, Visitor, for_everybody
from backend.web.rooms.customers import one_customer_routes
from backend.web.rooms.customers.customers_page import CustomersPage, customers_page
from backend.web.rooms.customers.customers_reads import (
    CustomersSeen,
    see_customers,
    see_none_yet,
)
from backend.web.rooms.customers.one_customer_page import PAGE
from backend.web.segments_known import segments_known
from backend.web.sessions import Session
from backend.web.showing import HEADERS, show, written
from backend.wording import customers_room_sentences as words

WHOLE, PART = "customers/customers.html", "customers/customers_part.html"
# A page whose rows are not there by then is sent without them, and they follow.
FRAME_SECONDS = 0.08
# What whoever asks can put right on the page itself.
REFUSED = (CursorExpired, CursorOfAnotherList, CursorUnreadable, InvalidRunRequest, UnknownField)

room = Room(name=words.NAME, path=LIST, place=30, also=PAGE)
router = for_everybody()
routers = [router, one_customer_routes.router, one_customer_routes.admin]


@router.get(room.path)
async def customers(request: Request, state: State, visitor: Visitor) -> Response:
    """List the customers who meet all conditions, or whom a search finds."""
    address = ListAddress.of(request.query_params)
    seen = asyncio.create_task(_seen(request, state, visitor, address))
    answer = partial(_answer, state=state, visitor=visitor, address=address, seen=seen)
    if is_part(request) or await is_soon(seen, FRAME_SECONDS):
        return await answer(request)
    known = await see_none_yet(state, address)
    frame = _page(state, visitor, address, known)
    return PageInTwo(written(request, WHOLE, frame, words), HEADERS, answer, told)


async def _seen(
    request: Request, state: ApiState, visitor: Session, address: ListAddress
) -> CustomersSeen:
    # A script that asks for sums has the rows.
    needs_rows = not (is_part(request) and address.last(TOTALS))
    may_see = visitor.sees_people
    return await see_customers(state, address, sees_people=may_see, needs_rows=needs_rows)


async def _answer(
    request: Request,
    *,
    state: ApiState,
    visitor: Session,
    address: ListAddress,
    seen: Awaitable[CustomersSeen],
) -> Response:
    try:
        page = _page(state, visitor, address, await seen)
    except ValidationError as error:
        wrong = [(str(one["loc"][0]), str(one["msg"])) for one in error.errors()]
        refused = words.not_understood(wrong), HTTPStatus.UNPROCESSABLE_ENTITY
        return await _refused(request, state, visitor, address, *refused)
    except REFUSED as error:
        return await _refused(request, state, visitor, address, str(error), problems.told(error)[0])
    return _shown(request, page)


@router.get(f"{room.path}/csv")
async def whole_list_as_csv(
    state: State, visitor: Visitor, query: Annotated[ListQuery, Query()]
) -> Response:
    """Give all customers of a list as the API's file."""
    asked = AskedList.of(query, state, sees_people=visitor.sees_people)
    file = ListAsCsv(state, asked, Auditor(state, visitor.key))
    file.headers.update(HEADERS)
    return file


@router.get(f"{room.path}/xlsx")
async def whole_list_as_workbook(
    state: State, visitor: Visitor, query: Annotated[ListQuery, Query()]
) -> Response:
    """Give all customers of a list as the API's workbook."""
    asked = AskedList.of(query, state, sees_people=visitor.sees_people)
    file = ListAsWorkbook(state, asked, Auditor(state, visitor.key))
    file.headers.update(HEADERS)
    return file


async def _refused(
    request: Request,
    state: ApiState,
    visitor: Session,
    address: ListAddress,
    refusal: str,
    status: HTTPStatus,
) -> Response:
    """Show what was asked for as it was written, and what of it does not fit."""
    seen = CustomersSeen(segments=await segments_known(state), fields=())
    return _shown(request, _page(state, visitor, address, seen, refusal), status)


def _page(
    state: ApiState,
    visitor: Session,
    address: ListAddress,
    seen: CustomersSeen,
    refusal: str = "",
) -> CustomersPage:
    zone, may_see = state.shop.mapping.zone, visitor.sees_people
    return customers_page(seen, address, zone, sees_people=may_see, refusal=refusal)


def _shown(request: Request, page: CustomersPage, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return show(request, PART if is_part(request) else WHOLE, page, words, status)
