"""The application: `create_app(settings)`, and `app` for `uvicorn backend.main:app`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypedDict

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from backend import API_VERSION
from backend.agents.bearer import BearerTokens
from backend.agents.door import PATH as AGENTS
from backend.agents.door import AgentDoor, AgentRoute, DoorSettings
from backend.api import audit_routes, documentation, health, metrics_page, problems
from backend.api.answering import Answering
from backend.api.campaigns import routes as campaigns
from backend.api.closing import BoundedWhenClosing, Closing
from backend.api.customers import routes as customers
from backend.api.events import routes as events
from backend.api.lists import routes as lists
from backend.api.middleware import HEADER as REQUEST_ID
from backend.api.middleware import surround
from backend.api.openapi import describe, operation_id
from backend.api.request_tallies import Requests
from backend.api.runs import routes as runs
from backend.api.security_headers import security_headers
from backend.api.segments import routes as segments
from backend.api.state import ApiState
from backend.api.webhooks import routes as webhooks
from backend.assembly.api_state import api_state
from backend.assembly.run_settings import digest_settings, run_config
from backend.assembly.start_checks import (
    REFUSED_AT_START,
    end_refused,
    refuse_unusable_addresses,
    refuse_unusable_tables,
)
from backend.core.api_keys import HOW_TO_MAKE_ONE, is_short
from backend.core.ending import heard
from backend.core.logging import set_up_logging
from backend.core.misspelt import name_misspelt
from backend.core.settings import Settings
from backend.database import changes
from backend.digest.deliver import keep_delivering
from backend.run.background import BackgroundWork
from backend.shop.mapping.layers import load_mapping
from backend.shop.mapping.mapping import ShopMapping
from backend.web.entrance import Entrance
from backend.web.invitation import Invitation

# What scripts of an allowed origin may read of an answer.
EXPOSED = (REQUEST_ID, "RateLimit", "RateLimit-Policy", "Retry-After", "Location", "ETag")

# The framework's spans name paths and queries, which hold ids and e-mails; /metrics counts without.
UNTOLD: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}

log = logging.getLogger(__name__)


class Lifespan(TypedDict):
    """What requests find in `request.state`."""

    api: ApiState


def create_app(settings: Settings, invitation: Invitation | None = None) -> FastAPI:
    """Build the application; nothing connects before it starts.

    Parameters
    ----------
    settings
        All that a process is told.
    invitation
        Lets one browser of this machine sign in without a key.

    Raises
    ------
    InvalidMapping
        When the shop's tables are described by something that cannot be used.
    InvalidDatabaseUrl
        When a database's URL has an option that is not known.
    """
    refuse_unusable_addresses(settings)
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    closing = Closing(settings.shutdown_seconds)
    requests = Requests(settings.prometheus_multiproc_dir)
    agents = _door(settings)
    pages: dict[str, Any] = {} if settings.serve_docs else {"openapi_url": None}
    app: FastAPI = (FastAPIOffline if settings.serve_docs else FastAPI)(
        telemetry=UNTOLD,
        title="Intelligence Backend",
        version=API_VERSION,
        description="Segments, value and churn of a shop's customers.",
        lifespan=_lifespan(settings, mapping, closing, requests, agents),
        generate_unique_id_function=operation_id,
        redirect_slashes=False,  # to the host that the caller named, who may be anybody
        docs_url=None,  # the pages are ours, for their policy; the package has their scripts
        redoc_url=None,
        **pages,
    )
    if settings.serve_docs:
        documentation.install(app)
    app.add_middleware(BoundedWhenClosing, closing=closing)
    problems.install(app)
    for router in (
        # In the order in which they are looked through: what is asked most comes first. Not
        # included as routers, which would be searched twice for each request.
        customers.router,
        segments.router,
        lists.router,
        segments.over_time,
        lists.of_segments,
        health.router,
        metrics_page.router,
        runs.status,
        runs.admin,
        runs.reading,
        segments.admin,
        customers.admin,
        webhooks.admin,
        campaigns.admin,
        events.admin,
        audit_routes.admin,
    ):
        app.router.routes.extend(router.routes)
    if settings.web:
        app.router.routes.append(Entrance(invitation))
    if settings.mcp:
        app.router.routes.append(AgentRoute(agents))
    if settings.mcp and agents.tokens is not None:
        app.router.routes.extend(agents.tokens.routes(AGENTS))
    describe(app)
    _surround(app, settings, requests)
    return app


def _door(settings: Settings) -> AgentDoor:
    issuer, resource = settings.mcp_oauth_issuer, settings.mcp_resource_url
    how = DoorSettings(
        hosts=settings.agent_hosts,
        origins=settings.origins,
        shows_people=settings.mcp_personal_data,
    )
    return AgentDoor(how, None if not (issuer and resource) else BearerTokens(issuer, resource))


def _surround(app: FastAPI, settings: Settings, requests: Requests) -> None:
    """Put around the routes what every request passes, the innermost first."""
    app.add_middleware(Answering)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["X-API-Key", REQUEST_ID],
            expose_headers=EXPOSED,
        )
    surround(app, problems.unexpected, requests.count, security_headers)


def _lifespan(
    settings: Settings,
    mapping: ShopMapping,
    closing: Closing,
    requests: Requests,
    agents: AgentDoor,
) -> Callable[[FastAPI], AbstractAsyncContextManager[Lifespan]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Lifespan]:
        if settings.admin_api_key is None:
            log.warning("ADMIN_API_KEY is not set: API_KEY also opens the admin routes")
        if is_short((*settings.api_keys, *settings.admin_api_keys)):
            log.warning("a key is short enough to be guessed", extra={"better": HOW_TO_MAKE_ONE})
        changes.log_from_now_on()
        async with AsyncExitStack() as stack:
            api = await api_state(settings, mapping, requests, stack)
            stack.push_async_callback(agents.close)
            await stack.enter_async_context(_background(settings, api, closing))
            yield {"api": api}

    return lifespan


@asynccontextmanager
async def _background(settings: Settings, api: ApiState, closing: Closing) -> AsyncIterator[None]:
    """Migrate, run what is queued, and send digests, beside the requests."""
    work = BackgroundWork(
        config=run_config(settings),
        auto_migrate=settings.auto_migrate,
        run_worker=settings.run_worker,
        state=api.background,
    )
    await work.begin()
    digests = digest_settings(settings) if settings.run_worker else None
    tasks = {
        asyncio.create_task(work.go_on(closing.begun)),
        asyncio.create_task(keep_delivering(digests, closing.begun)),
    }
    try:
        with heard(closing.begin):
            yield
    finally:
        closing.begun.set()
        await asyncio.wait(tasks, timeout=settings.shutdown_seconds)
        for task in tasks:
            task.cancel()


class LooksBeforeServing:
    """Looks at the databases when a server begins to serve; what made the application did not."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; where the start is refused, end the process in words."""
        if scope["type"] == "lifespan":
            try:
                await refuse_unusable_tables(self._settings)
            except REFUSED_AT_START as error:
                await _refuse(error, send)
                return
        await self._app(scope, receive, send)


async def _refuse(error: Exception, send: Send) -> None:
    """End the process in words, ahead of the server's: those are a traceback, its code another.

    What is raised here the server would catch; what a callback of its loop raises ends the loop.
    """
    asyncio.get_running_loop().call_soon(end_refused, error)
    try:
        await asyncio.Event().wait()
    finally:
        await send({"type": "lifespan.startup.failed"})


def __getattr__(name: str) -> FastAPI:
    """Make `app` when it is asked for, so that importing this module reads no settings."""
    if name != "app":
        raise AttributeError(name)
    try:
        return _app()
    except REFUSED_AT_START as error:
        end_refused(error)


def _app() -> FastAPI:
    settings = Settings.load()
    set_up_logging(settings.log_level)
    name_misspelt(Settings.misspelt())
    made = create_app(settings)
    assert made.middleware_stack is not None
    made.middleware_stack = LooksBeforeServing(made.middleware_stack, settings)
    return made
