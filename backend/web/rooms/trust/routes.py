"""The room Trust."""

from fastapi import Request, Response

from backend.api.state import State
from backend.web.entrance import APP
from backend.web.room import Room, for_everybody
from backend.web.rooms.trust.trust_page import trust_page
from backend.web.served_report import served_report
from backend.web.showing import show
from backend.wording import trust_room_sentences as words

room = Room(name=words.NAME, path=f"{APP}/trust", place=60)
router = for_everybody()
routers = [router]


@router.get(room.path)
async def trust(request: Request, state: State) -> Response:
    """Say how wrong the numbers were on this shop's own past."""
    page = trust_page(await served_report(state), state.shop.mapping.zone)
    return show(request, "trust/trust.html", page, words)
