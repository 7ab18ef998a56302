"""What one process holds while it serves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from backend.clients.cache import Cache
from backend.database.engine import AsyncEngine
from backend.shop.shop import Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiState:
    """What one process holds while it serves; made in `main`, never changed.

    `as_of` is the instant that runs describe unless they are asked for another; None: when they
    start.
    """

    engine: AsyncEngine
    shop_engine: AsyncEngine
    shop: Shop
    cache: Cache
    api_keys: Sequence[str]
    admin_api_keys: Sequence[str]
    now: Callable[[], datetime]
    as_of: datetime | None


def state_of(request: Request) -> ApiState:
    """Return the state that the lifespan made."""
    state: ApiState = request.state.api
    return state


State = Annotated[ApiState, Depends(state_of)]
