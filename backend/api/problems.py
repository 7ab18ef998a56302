"""Errors become RFC 9457 problems. The dict below is the one place where they meet HTTP."""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Scope

from backend.api.counts import FAILURES
from backend.api.rate_limit_headers import rate_limit_headers
from backend.core import errors
from backend.core.logging import request_id

# Their names in `http` changed between the Pythons that are supported.
BODY_TOO_LARGE, HEADERS_TOO_LARGE = HTTPStatus(413), HTTPStatus(431)
STATUSES: Mapping[type[errors.BackendError], HTTPStatus] = {
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.WrongSignature: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooMuchAtOnce: HTTPStatus.TOO_MANY_REQUESTS,
    errors.ExportOverdue: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ExportRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.WorkbookNotMade: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.BodyTooLarge: BODY_TOO_LARGE,
    errors.BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    errors.PeopleMasked: HTTPStatus.FORBIDDEN,
    errors.CustomerNotFound: HTTPStatus.NOT_FOUND,
    errors.SegmentNotFound: HTTPStatus.NOT_FOUND,
    errors.RunNotFound: HTTPStatus.NOT_FOUND,
    errors.NoRunPublished: HTTPStatus.NOT_FOUND,
    errors.TextNotWritable: HTTPStatus.NOT_FOUND,
    errors.ReportNotReady: HTTPStatus.NOT_FOUND,
    errors.FormatOfTheFuture: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DamagedResult: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.NoScoringModel: HTTPStatus.CONFLICT,
    errors.TombstonesUnreadable: HTTPStatus.CONFLICT,
    errors.RunAlreadyActive: HTTPStatus.CONFLICT,
    errors.RunAlreadyEnded: HTTPStatus.CONFLICT,
    errors.RunBeingPublished: HTTPStatus.CONFLICT,
    errors.SegmentNameTaken: HTTPStatus.CONFLICT,
    errors.WebhookNotFound: HTTPStatus.NOT_FOUND,
    errors.DeliveryNotFound: HTTPStatus.NOT_FOUND,
    errors.TooManyWebhooks: HTTPStatus.CONFLICT,
    errors.WebhookDisabled: HTTPStatus.CONFLICT,
    errors.InvalidWebhook: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CampaignNotFound: HTTPStatus.NOT_FOUND,
    errors.CampaignNotStarted: HTTPStatus.CONFLICT,
    errors.CampaignNotDraft: HTTPStatus.CONFLICT,
    errors.CampaignNotOpen: HTTPStatus.CONFLICT,
    errors.CampaignOfAnotherVersion: HTTPStatus.CONFLICT,
    errors.CampaignBelowSense: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SupposedTooLate: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnknownField: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CursorUnreadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.AskedTwice: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SaidAgain: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CursorOfAnotherList: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.CursorExpired: HTTPStatus.GONE,
    errors.InvalidRunRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidMapping: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatabaseUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatabaseRefuses: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.IssuerUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TablesTooOld: HTTPStatus.SERVICE_UNAVAILABLE,
}
PROBLEM = "application/problem+json"

log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Answer every error with a problem; `unexpected` is for who is outermost."""
    app.add_exception_handler(errors.BackendError, on_purpose)
    app.add_exception_handler(RequestValidationError, not_understood)
    app.add_exception_handler(HTTPException, of_http)


async def on_purpose(request: Request, error: Exception) -> JSONResponse:
    """Answer an error raised on purpose with its sentence and its facts."""
    status, headers = told(error)
    facts = {name: fact for name, fact in vars(error).items() if not name.startswith("_")}
    return problem(request, status, str(error), facts=facts, headers=headers)


def told(error: Exception) -> tuple[HTTPStatus, dict[str, str]]:
    """Return with what status and headers an error raised on purpose is answered; count it."""
    status = STATUSES.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)  # type: ignore[arg-type]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        FAILURES.labels(getattr(error, "kind", type(error).__name__)).inc()
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    if isinstance(error, errors.TooManyRequests):
        headers = _when_again(error)
    if isinstance(error, errors.TooMuchAtOnce):
        headers = {"Retry-After": str(error.retry_after_seconds)}
    return status, headers


def _when_again(error: errors.TooManyRequests) -> dict[str, str]:
    said = rate_limit_headers(
        error.policy,
        quota=error.quota,
        window_seconds=error.window_seconds,
        remaining=0,
        reset_seconds=error.retry_after_seconds,
    )
    return {"Retry-After": str(error.retry_after_seconds), **said}


OF_OURS = "Value error, "  # what Pydantic writes ahead of words of our own
OF_PYTHON = re.compile(r"<\w+\.\w+: ('[^']*')>")  # and where one of some names is wanted


async def not_understood(request: Request, error: Exception) -> JSONResponse:
    """Answer input that does not fit with what is wrong, and where."""
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"where": ".".join(map(str, item["loc"])), "problem": _in_words(item["msg"])}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['where']}: {item['problem']}" for item in wrong) + "."
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, facts={"errors": wrong})


def _in_words(message: str) -> str:
    return OF_PYTHON.sub(r"\1", message.removeprefix(OF_OURS))


async def of_http(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_of(request))
    return problem(request, HTTPStatus(error.status_code), f"{error.detail}.", headers=headers)


def _methods_of(request: Request) -> list[str]:
    """Return what the path's own routes take: of …/batch, not of …/{customer_id} also.

    An id may hold slashes: …/{customer_id} fits …/7/what-if, too, whose own route says more of it.

    The framework tells those of the first route that fits, whichever that is.
    """
    fitting = [
        route
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    ]
    own = max(fitting, key=lambda route: len(re.sub(r"{.*?}", "", route.path))).path
    return sorted({one for route in fitting if route.path == own for one in route.methods or ()})


def unexpected(scope: Scope, error: Exception) -> JSONResponse:
    """Answer a fault of ours without its internals; the log has them."""
    note_unexpected(error)
    detail = "Something went wrong here; the log tells more under this request id."
    return problem(Request(scope), HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def note_unexpected(error: Exception) -> None:
    """Log and count a fault of ours."""
    log.error("unexpected error", exc_info=error)
    FAILURES.labels("unexpected").inc()


def title(status: HTTPStatus) -> str:
    """Return the status in words; Python renamed 422 in 3.13."""
    is_422 = status == HTTPStatus.UNPROCESSABLE_ENTITY
    return "Unprocessable Content" if is_422 else status.phrase


def problem(
    request: Request,
    status: HTTPStatus,
    detail: str,
    *,
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build a problem+json answer."""
    body = {
        "type": "about:blank",
        "title": title(status),
        "status": status.value,
        "detail": detail,
        "instance": request.scope["path"],  # a URL is made with what Host says
        "request_id": request_id.get(),
        **(facts or {}),
    }
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=PROBLEM)
