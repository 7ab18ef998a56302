"""What one process holds while it serves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from itsdangerous import URLSafeSerializer

from backend.api.admission import Admission
from backend.api.prober import Prober
from backend.api.request_tallies import Requests
from backend.clients.cache import Cache
from backend.core.secret_keys import OwnKeys
from backend.database.engine import AsyncEngine
from backend.run.background import Background
from backend.shop.shop import Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiState:
    """What one process holds while it serves; made in `main`, never changed.

    Attributes
    ----------
    engine, shop_engine
        Our database and the shop's, each with connections of its own even where they are one:
        who waits for a table of the shop's keeps nobody from ours.
    prober
        Looks at health, by connections of its own.
    metrics_key
        Opens /metrics; None: this machine and admin keys do.
    requests
        Counts them.
    as_of
        The instant that runs describe unless they are asked for another; None: when they start.
    """

    engine: AsyncEngine
    shop_engine: AsyncEngine
    prober: Prober
    shop: Shop
    cache: Cache
    admission: Admission
    own_keys: OwnKeys
    metrics_key: str | None
    requests: Requests
    now: Callable[[], datetime]
    as_of: datetime | None
    cursors: URLSafeSerializer
    queued: timedelta
    background: Background

    @property
    def is_one_database(self) -> bool:
        """Whether the shop's tables and ours can be joined."""
        return self.engine.url == self.shop_engine.url


def state_of(request: Request) -> ApiState:
    """Return the state that the lifespan made."""
    state: ApiState = request.state.api
    return state


State = Annotated[ApiState, Depends(state_of)]
