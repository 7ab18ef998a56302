"""The two kinds of routers: what any key opens, and what admin keys alone do."""

from fastapi import APIRouter, Depends

from backend.api.keys import opens_admin, opens_reading
from backend.api.problem_answers import problems


def for_any_key(prefix: str, tag: str) -> APIRouter:
    """Make a router whose routes every known key opens."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[Depends(opens_reading)],
        responses=problems(401, 422, 503),
    )


def for_admin_keys() -> APIRouter:
    """Make a router whose routes admin keys open, under /api/admin."""
    return APIRouter(
        prefix="/api/admin",
        tags=["admin"],
        dependencies=[Depends(opens_admin)],
        responses=problems(401, 403, 422, 503),
    )
