"""The room Today."""

from fastapi import Request, Response

from backend.api.state import State
from backend.web.entrance import APP
from backend.web.room import Room, for_everybody
from backend.web.rooms.today.today_page import today_page
from backend.web.rooms.today.today_reads import see_today
from backend.web.showing import show
from backend.wording import today_sentences as words

room = Room(name=words.NAME, path=APP, place=10)
router = for_everybody()
routers = [router]


@router.get(APP)
async def today(request: Request, state: State) -> Response:
    """Say what changed, what is expected, and what is worth doing."""
    page = today_page(await see_today(state), state.shop.mapping.zone)
    return show(request, "today/today.html", page, words)
