"""The room Segments."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from backend.api.audited import Auditor
from backend.api.fields import SegmentIdInPath
from backend.api.segments.products import products_of
from backend.api.segments.renaming import rename
from backend.api.segments.schema import SegmentWords
from backend.api.state import ApiState, State
from backend.core.errors import SegmentNameTaken
from backend.web.entrance import APP
from backend.web.forms import form_of
from backend.web.own_paths import is_part, root_of
from backend.web.room import Room, Visitor, for_admins, for_everybody
from backend.web.rooms.segments.one_segment_page import NameForm, one_segment_page
from backend.web.rooms.segments.products_page import products_page
from backend.web.rooms.segments.segments_page import segments_page
from backend.web.rooms.segments.segments_reads import name_of, see_compared, see_segment
from backend.web.showing import show
from backend.wording import segments_room_sentences as words
from backend.wording.error_page_sentences import not_understood

PRODUCT_DAYS, PRODUCTS_SHOWN = 90, 10

room = Room(name=words.NAME, path=f"{APP}/segments", place=20)
router, admin = for_everybody(), for_admins()
routers = [router, admin]


@router.get(room.path)
async def segments(
    request: Request, state: State, run: str | None = None, before: str | None = None
) -> Response:
    """Show all segments as one run found them, beside another."""
    page = segments_page(await see_compared(state, run, before), state.shop.mapping.zone)
    return show(request, "segments/segments.html", page, words)


@router.get(f"{room.path}/{{segment_id}}")
async def segment(request: Request, state: State, segment_id: SegmentIdInPath) -> Response:
    """Show one segment."""
    page = one_segment_page(await see_segment(state, segment_id), state.shop.mapping.zone)
    return show(request, "segments/segment.html", page, words)


@router.get(f"{room.path}/{{segment_id}}/products")
async def products(request: Request, state: State, segment_id: SegmentIdInPath) -> Response:
    """Show what a segment's customers buy; by itself, or as a part of the segment's page."""
    async with state.heavy_reads.place():
        bought = await products_of(state, segment_id, days=PRODUCT_DAYS, limit=PRODUCTS_SHOWN)
    page = products_page(segment_id, await name_of(state, segment_id), bought, PRODUCT_DAYS)
    template = "segments/products_part.html" if is_part(request) else "segments/products.html"
    return show(request, template, page, words)


@admin.post(f"{room.path}/{{segment_id}}")
async def name_segment(
    request: Request, state: State, visitor: Visitor, segment_id: SegmentIdInPath
) -> Response:
    """Give a segment words of a person's own, and show it under them."""
    form = await form_of(request)
    given = {"name": form.get("name", ""), "description": form.get("description") or None}
    try:
        named = SegmentWords.model_validate(given)
    except ValidationError as error:
        wrong = [(str(one["loc"][-1]), str(one["msg"])) for one in error.errors()]
        return await _not_named(request, state, segment_id, form, not_understood(wrong))
    try:
        await rename(Auditor(state, visitor.key), segment_id, named.model_dump())
    except SegmentNameTaken as error:
        return await _not_named(request, state, segment_id, form, str(error))
    return RedirectResponse(f"{root_of(request)}{room.path}/{segment_id}", HTTPStatus.SEE_OTHER)


async def _not_named(
    request: Request, state: ApiState, segment_id: str, form: Mapping[str, str], refusal: str
) -> Response:
    """Show the form again as it was filled in, and what is wrong with it."""
    seen = await see_segment(state, segment_id)
    asked = NameForm(form.get("name", ""), form.get("description", ""), refusal)
    page = one_segment_page(seen, state.shop.mapping.zone, asked)
    return show(request, "segments/segment.html", page, words, HTTPStatus.UNPROCESSABLE_ENTITY)
