"""The room Webhooks, for those who administer."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Request, Response
from fastapi.responses import RedirectResponse

from backend.api.audited import Auditor
from backend.api.state import ApiState, State
from backend.api.webhooks.keeping import (
    disable,
    drop_webhook,
    enable,
    make_webhook,
    rotate,
    send_trial,
    tell_again,
)
from backend.core.errors import InvalidWebhook, TooManyWebhooks
from backend.core.glossary import Event
from backend.web.forms import form_of
from backend.web.own_paths import root_of
from backend.web.room import Room, Visitor, for_admins
from backend.web.rooms.webhooks.webhooks_page import WEBHOOKS, one_webhook_page, webhooks_page
from backend.web.rooms.webhooks.webhooks_reads import see_webhook, see_webhooks
from backend.web.showing import show
from backend.webhooks.webhook import WebhookWanted
from backend.wording import webhooks_room_sentences as words

room = Room(name=words.NAME, path=WEBHOOKS, place=80, for_admins=True)
admin = for_admins()
routers = [admin]

WebhookId = Annotated[str, Path()]
Doing = Callable[[Auditor, str], Awaitable[object]]
DOINGS: Mapping[str, Doing] = {"test": send_trial, "disable": disable, "enable": enable}


@admin.get(room.path)
async def webhooks(request: Request, state: State) -> Response:
    """Show who is told what."""
    page = webhooks_page(await see_webhooks(state), state.shop.mapping.zone)
    return show(request, "webhooks/webhooks.html", page, words)


@admin.post(room.path)
async def make(request: Request, state: State, visitor: Visitor) -> Response:
    """Make a webhook, and show its secret this once; or say why not."""
    wanted = _wanted(await form_of(request))
    if not wanted.events:
        return await _refused(request, state, words.NO_EVENT)
    try:
        made = await make_webhook(Auditor(state, visitor.key), wanted)
    except (InvalidWebhook, TooManyWebhooks) as error:
        return await _refused(request, state, str(error))
    return await _shown(request, state, made.webhook.id, made.secret)


@admin.get(f"{room.path}/{{webhook_id}}")
async def webhook(request: Request, state: State, webhook_id: WebhookId) -> Response:
    """Show one webhook, and what it was told."""
    return await _shown(request, state, webhook_id)


@admin.post(f"{room.path}/{{webhook_id}}")
async def change(
    request: Request, state: State, visitor: Visitor, webhook_id: WebhookId
) -> Response:
    """Do what a button of the page says, and lead back to it; a new secret is shown this once."""
    form, auditor = await form_of(request), Auditor(state, visitor.key)
    if "rotate" in form:
        rotated = await rotate(auditor, webhook_id)
        return await _shown(request, state, webhook_id, rotated.secret)
    is_gone = await _done(auditor, webhook_id, form)
    path = room.path if is_gone else f"{room.path}/{webhook_id}"
    return RedirectResponse(f"{root_of(request)}{path}", HTTPStatus.SEE_OTHER)


async def _shown(request: Request, state: ApiState, webhook_id: str, secret: str = "") -> Response:
    seen = await see_webhook(state, webhook_id)
    page = one_webhook_page(seen, state.shop.mapping.zone, secret)
    return show(request, "webhooks/webhook.html", page, words)


async def _refused(request: Request, state: ApiState, refusal: str) -> Response:
    page = webhooks_page(await see_webhooks(state), state.shop.mapping.zone, refusal)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return show(request, "webhooks/webhooks.html", page, words, status)


async def _done(auditor: Auditor, webhook_id: str, form: Mapping[str, str]) -> bool:
    """Do what was asked for; return whether the webhook is gone with it."""
    for name, doing in DOINGS.items():
        if name in form:
            await doing(auditor, webhook_id)
    if form.get("again", "").isdecimal():
        await tell_again(auditor, webhook_id, int(form["again"]))
    is_sure = {"delete", "sure"} <= form.keys()
    if is_sure:
        await drop_webhook(auditor, webhook_id)
    return is_sure


def _wanted(form: Mapping[str, str]) -> WebhookWanted:
    events = tuple(one for one in Event if one in form and one is not Event.TEST)
    return WebhookWanted(url=form.get("url", ""), events=events, people="people" in form)
