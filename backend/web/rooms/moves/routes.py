"""The room Moves."""

from datetime import date, datetime, time
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BeforeValidator

from backend.api.state import State
from backend.core.glossary import Cause
from backend.core.instants import in_utc
from backend.store.moves import MoveFilter
from backend.web.room import Room, for_everybody
from backend.web.rooms.moves.moves_page import MOVES, moves_page
from backend.web.rooms.moves.moves_reads import see_moves
from backend.web.showing import show
from backend.wording import moves_room_sentences as words

room = Room(name=words.NAME, path=MOVES, place=40)
router = for_everybody()
routers = [router]


def _given(value: object) -> object:
    """Take a field that a form sends empty as one that it does not send."""
    return value or None


@router.get(room.path)
async def moves(
    request: Request,
    state: State,
    since: Annotated[date | None, BeforeValidator(_given)] = None,
    from_: Annotated[str | None, Query(alias="from"), BeforeValidator(_given)] = None,
    to: Annotated[str | None, BeforeValidator(_given)] = None,
    cause: Annotated[Cause | None, BeforeValidator(_given)] = None,
) -> Response:
    """Show who went where, with the run that is served or since a day."""
    zone = state.shop.mapping.zone
    begins = None if since is None else in_utc(datetime.combine(since, time.min), zone)
    sought = MoveFilter(since=begins, from_segment_id=from_, to_segment_id=to, cause=cause)
    page = moves_page(await see_moves(state, sought), zone)
    return show(request, "moves/moves.html", page, words)
