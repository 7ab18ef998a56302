"""The room Cohorts."""

from fastapi import Request, Response

from backend.api.state import State
from backend.web.entrance import APP
from backend.web.room import Room, for_everybody
from backend.web.rooms.cohorts.cohorts_page import cohorts_page
from backend.web.served_report import served_report
from backend.web.showing import show
from backend.wording import cohorts_room_sentences as words

room = Room(name=words.NAME, path=f"{APP}/cohorts", place=50)
router = for_everybody()
routers = [router]


@router.get(room.path)
async def cohorts(request: Request, state: State) -> Response:
    """Show customers by the month of their first order."""
    page = cohorts_page(await served_report(state), state.shop.mapping.zone)
    return show(request, "cohorts/cohorts.html", page, words)
