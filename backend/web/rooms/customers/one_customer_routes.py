"""The page of one customer, and what those who administer may do there."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from backend.api.audited import Auditor
from backend.api.customers.erasure import erase
from backend.api.customers.export import exported
from backend.api.fields import asked_customer
from backend.api.state import ApiState, State
from backend.core.customer_id import CustomerId
from backend.web.forms import form_of
from backend.web.list_address import LIST
from backend.web.own_paths import is_part, root_of
from backend.web.room import Visitor, for_admins, for_everybody
from backend.web.rooms.customers.one_customer_page import PAGE, one_customer_page
from backend.web.rooms.customers.one_customer_reads import see_customer
from backend.web.rooms.customers.orders_page import orders_page, see_orders
from backend.web.segments_known import segments_known
from backend.web.sessions import Session
from backend.web.showing import HEADERS, show
from backend.wording import one_customer_sentences as words

AS_FILE = {**HEADERS, "Content-Disposition": 'attachment; filename="customer.json"'}

router, admin = for_everybody(), for_admins()


async def customer_in_address(id: str = "") -> CustomerId:  # noqa: A002  (as the address has it)
    """Read who is asked for."""
    return asked_customer(id)


Asked = Annotated[CustomerId, Depends(customer_in_address)]


@router.get(PAGE)
async def customer(request: Request, state: State, visitor: Visitor, asked: Asked) -> Response:
    """Show one customer."""
    return await _shown(request, state, visitor, asked)


@router.get(f"{PAGE}/orders")
async def customers_orders(request: Request, state: State, asked: Asked) -> Response:
    """Show a customer's orders; by themselves, or as a part of the customer's page."""
    currency = next((one.currency for one in await segments_known(state)), None)
    orders = await see_orders(state, asked)
    page = orders_page(asked, orders, currency, state.shop.mapping.zone)
    template = "customers/orders_part.html" if is_part(request) else "customers/orders.html"
    return show(request, template, page, words)


@admin.post(PAGE)
async def export_or_erase(
    request: Request, state: State, visitor: Visitor, asked: Asked
) -> Response:
    """Give all that is held about a customer as a file, or erase them."""
    form, auditor = await form_of(request), Auditor(state, visitor.key)
    if "export" in form:
        held = await exported(state, auditor, asked)
        return Response(held.model_dump_json(), headers=AS_FILE, media_type="application/json")
    if "sure" not in form:
        return await _shown(request, state, visitor, asked, words.NOT_SURE)
    await erase(state, auditor, asked, forget=False)
    return RedirectResponse(f"{root_of(request)}{LIST}", HTTPStatus.SEE_OTHER)


async def _shown(
    request: Request, state: ApiState, visitor: Session, asked: CustomerId, refusal: str = ""
) -> Response:
    seen = await see_customer(state, asked, sees_people=visitor.sees_people)
    page = one_customer_page(seen, state.shop.mapping.zone, refusal)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK
    return show(request, "customers/customer.html", page, words, status)
