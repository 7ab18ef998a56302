"""The room Moves."""

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BeforeValidator

from backend.api.state import State
from backend.core.glossary import Cause
from backend.web.entrance import APP
from backend.web.list_links import MovesAsked
from backend.web.room import Room, Visitor, for_everybody
from backend.web.rooms.moves.moves_page import moves_page
from backend.web.rooms.moves.moves_reads import movers_called, see_moves
from backend.web.showing import show
from backend.wording import moves_room_sentences as words

room = Room(name=words.NAME, path=f"{APP}/moves", place=40)
router = for_everybody()
routers = [router]


def _given(value: object) -> object:
    """Take a field that a form sends empty as one that it does not send."""
    return value or None


@router.get(room.path)
async def moves(
    request: Request,
    state: State,
    visitor: Visitor,
    run: str | None = None,
    before: str | None = None,
    from_: Annotated[str | None, Query(alias="from"), BeforeValidator(_given)] = None,
    to: Annotated[str | None, BeforeValidator(_given)] = None,
    cause: Annotated[Cause | None, BeforeValidator(_given)] = None,
) -> Response:
    """Show who went where between two runs: with the served one, unless others are asked for."""
    asked = MovesAsked(run=run, before=before, start=from_, end=to, cause=cause)
    seen = await see_moves(state, asked)
    called = await movers_called(state, seen.people, sees_people=visitor.sees_people)
    page = moves_page(seen, state.shop.mapping.zone, called)
    return show(request, "moves/moves.html", page, words)
