"""The two kinds of routers: what any key opens, and what admin keys alone do.

Their routes look at the key before anything of the body is read.
"""

from collections.abc import Callable, Coroutine
from inspect import signature
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.api.admission import headers_of_use
from backend.api.bounded_request import BODY_BYTES, BoundedRequest
from backend.api.keys import Role, key_header
from backend.api.openapi import operation_id
from backend.api.problem_answers import problems
from backend.api.repeated import RepeatableAnswer
from backend.api.request_bounds import announces_body
from backend.api.state import ApiState
from backend.clients.request_counts import Usage

ALWAYS_POSSIBLE = (408, 413, 422, 429, 503)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class KeyedRoute(APIRoute):
    """A route that looks at the key first, then reads the body within bounds, then works.

    The framework reads and parses the body before it asks any dependency, hence a route of ours.
    `max_body_size` is for routes that take more than 64 kB.
    """

    opens_with: ClassVar[Role]

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        max_body_size: int | None = None,
        **rest: Any,
    ) -> None:
        # Not handed on: the framework's own bound comes before the key and answers in plain text.
        self._body_bytes = max_body_size or BODY_BYTES
        self._is_repeatable = signature(endpoint).return_annotation is RepeatableAnswer
        super().__init__(path, endpoint, **rest)
        if self._is_repeatable:
            self.app = self._unless_queried(self.app)

    def get_route_handler(self) -> Handler:
        """Wrap the framework's handler."""
        return self._for_keys(super().get_route_handler())

    def _for_keys(self, work: Handler) -> Handler:
        async def handle(request: Request) -> Response:
            state: ApiState = request.state.api
            bounded = BoundedRequest(request.scope, request.receive, self._body_bytes)
            use = await self.admit(state, bounded)
            if announces_body(dict(request.scope["headers"])):
                await bounded.body()
            if self._is_repeatable:
                await state.answers.begin(bounded)
            answer = await work(bounded)
            if use is not None:
                answer.raw_headers.extend(headers_of_use(use))
            return answer

        return handle

    async def admit(self, state: ApiState, request: BoundedRequest) -> Usage | None:
        """Look whether the caller may come in, ahead of all else."""
        return await state.admission.admit(request, self.opens_with)

    def _unless_queried(self, app: ASGIApp) -> ASGIApp:
        """Serve without the framework what takes the request and texts of the path alone.

        Without a query there is nothing to solve, to validate or to close, which takes the
        framework longer than most answers do.
        """
        work = self._for_keys(self._alone)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["query_string"]:
                await app(scope, receive, send)
                return
            answer = await work(Request(scope, receive))
            await answer(scope, receive, send)

        return serve

    async def _alone(self, request: Request) -> Response:
        answer: Response = await self.endpoint(request=request, **request.path_params)
        return answer


class ForAnyKey(KeyedRoute):
    """A route that every known key opens."""

    opens_with = Role.READS_NUMBERS


class ForAdmins(KeyedRoute):
    """A route that admin keys open."""

    opens_with = Role.ADMINISTERS


def is_shown_people(request: Request) -> bool:
    """Tell whether the key that was sent may see e-mails and names."""
    role: Role = request.state.role
    return role >= Role.READS


async def sees_people(request: Request) -> bool:
    """Tell a route whether its caller may see e-mails and names."""
    return is_shown_people(request)


SeesPeople = Annotated[bool, Depends(sees_people)]


def for_any_key(prefix: str, tag: str) -> APIRouter:
    """Make a router whose routes every known key opens."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=ForAnyKey,
        generate_unique_id_function=operation_id,
        dependencies=[Security(key_header)],  # for the description alone
        responses=problems(401, *ALWAYS_POSSIBLE),
    )


def for_admin_keys(route_class: type[ForAdmins] = ForAdmins) -> APIRouter:
    """Make a router whose routes admin keys open, under /api/admin."""
    return APIRouter(
        prefix="/api/admin",
        tags=["admin"],
        route_class=route_class,
        generate_unique_id_function=operation_id,
        dependencies=[Security(key_header)],
        responses=problems(401, 403, *ALWAYS_POSSIBLE),
    )
