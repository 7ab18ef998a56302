"""What one process holds while it serves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from itsdangerous import URLSafeSerializer

from backend.api.admission import Admission
from backend.api.copy_state import CopyState
from backend.api.heavy_reads import HeavyReads
from backend.api.kept_reads import KeptReads
from backend.api.order_senders import OrderSender
from backend.api.prober import Prober
from backend.api.profile_reads import ProfileStatements
from backend.api.repeated import RepeatedAnswers
from backend.api.request_tallies import Requests
from backend.api.served_state import ServedState
from backend.clients.cache import Cache
from backend.core.secret_keys import OwnKeys
from backend.database.engine import AsyncEngine
from backend.run.background import Background
from backend.shop.orders_of_some import OrderReads
from backend.shop.search_by_index import PartReads
from backend.shop.shop import Shop
from backend.shop.whole_emails import EmailReads


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiState:
    """What one process holds while it serves; made in `main`, never changed.

    Attributes
    ----------
    engine, shop_engine
        Our database and the shop's, each with connections of its own even where they are one:
        who waits for a table of the shop's keeps nobody from ours.
    file_engine
        Ours for lists as files, which take longer than any other answer may.
    is_one_database
        Whether the shop's tables and ours can be joined.
    prober
        Looks at health, by connections of its own.
    metrics_key
        Opens /metrics; None: this machine and admin keys do.
    requests
        Counts them.
    served, answers
        What is served, as far as this process knows, and what it answered a moment ago.
    webhooks_allow_private
        Whether webhooks may go to other networks than the public internet.
    order_senders
        The platforms whose signed events are taken.
    kept
        What whole lists added up to a moment ago, and what pages were told from.
    as_of
        The instant that runs describe unless they are asked for another; None: when they start.
    """

    engine: AsyncEngine
    shop_engine: AsyncEngine
    file_engine: AsyncEngine
    is_one_database: bool
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
    heavy_reads: HeavyReads
    export_seconds: float
    queued: timedelta
    background: Background
    served: ServedState
    copy: CopyState
    answers: RepeatedAnswers
    kept: KeptReads
    profile_statements: ProfileStatements
    email_reads: EmailReads
    webhooks_allow_private: bool
    order_senders: Sequence[OrderSender]
    part_reads: PartReads
    order_reads: OrderReads

    def forget_what_is_served(self) -> None:
        """Look anew before the next answer: here is who changed something of it."""
        self.served.forget()
        self.answers.forget()


def api_of(request: Request) -> ApiState:
    """Return the state that the lifespan made."""
    state: ApiState = request.state.api
    return state


async def state_of(request: Request) -> ApiState:
    """Tell a route the state that the lifespan made.

    Like all dependencies that wait for nothing it is asynchronous: others are run in a thread,
    which takes longer than a whole answer.
    """
    return api_of(request)


State = Annotated[ApiState, Depends(state_of)]
