"""The pages that document the API, whose scripts come from the app."""

import asyncio
import secrets
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.routing import Route

from backend.api.security_headers import page
from backend.core.one_for_all import OneForAll

ASSETS = "/static-offline-docs"
# ReDoc brings styles along in its script, whose hash nobody can know beforehand. What it makes gets
# a number that is good once, and no other style does.
MARK_STYLES = """<script>
const make = document.createElement.bind(document);
document.createElement = (name, options) =>
  Object.assign(make(name, options), name === "style" ? {nonce: "%s"} : {});
</script>
"""


def install(app: FastAPI) -> None:
    """Serve /docs and /redoc; the app serves their scripts itself."""
    app.add_api_route("/docs", _swagger, include_in_schema=False)
    app.add_api_route("/redoc", _redoc, include_in_schema=False)
    _describe_beside_others(app)


def _describe_beside_others(app: FastAPI) -> None:
    """Have the description of the API made in a thread, by the first of any who ask for it.

    It takes half a second, for which the framework's own route keeps everybody waiting.
    """
    path, made = app.openapi_url, OneForAll[dict[str, Any]]()
    at, own = next(
        (at, route)
        for at, route in enumerate(app.router.routes)
        if isinstance(route, Route) and route.path == path
    )

    async def described(request: Request) -> Response:
        await made.done(lambda: asyncio.to_thread(app.openapi))
        answer: Response = await own.endpoint(request)
        return answer

    app.router.routes[at] = Route(own.path, described, include_in_schema=False)


async def _swagger(request: Request) -> HTMLResponse:
    assets = f"{_root(request)}{ASSETS}"
    made = get_swagger_ui_html(
        openapi_url=f"{_root(request)}/openapi.json",
        title=request.app.title,
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon.png",
    )
    html = _text(made)  # it holds no data: all that stands in it is trusted
    return page(html, trusted=html)


async def _redoc(request: Request) -> HTMLResponse:
    assets = f"{_root(request)}{ASSETS}"
    made = get_redoc_html(
        openapi_url=f"{_root(request)}/openapi.json",
        title=request.app.title,
        redoc_js_url=f"{assets}/redoc.standalone.js",
        redoc_favicon_url=f"{assets}/favicon.png",
        with_google_fonts=False,
    )
    nonce = secrets.token_urlsafe(16)
    html = _text(made).replace("<script", f"{MARK_STYLES % nonce}<script", 1)
    return page(html, trusted=html, style_nonce=nonce)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _text(made: HTMLResponse) -> str:
    return bytes(made.body).decode()
