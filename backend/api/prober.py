"""How the databases are, asked at most once a second however many ask for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from backend.core.clock import monotonic_seconds
from backend.core.errors import (
    BackendError,
    DatabaseUnavailable,
    InvalidMapping,
    TablesInTheWay,
    TablesTooNew,
    TablesTooOld,
)
from backend.database.engine import AsyncEngine
from backend.shop.readable import prove_readable
from backend.shop.shop import Shop
from backend.store.vital_signs import VitalSigns, prove_writable, read_vital_signs

KEPT_SECONDS = 1.0
OK = "ok"
# What passes by itself is one of two for who is asked to act on it; the log has the cause.
PASSING: Mapping[str, str] = {
    "busy": "slow",
    "locked": "slow",
    "timed_out": "slow",
    "changed": "slow",
    "starting": "down",
    "too_many_connections": "down",
    "unknown_host": "down",
    "unreachable": "down",
}
UNREADABLE = (
    "The shop's tables cannot be read as they are mapped; python -m backend check says why."
)
UNEXPECTED = "Something unexpected happened; the log says what."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSeen:
    """How one database is; nothing here names a host, a user or a table.

    Attributes
    ----------
    state
        "ok", or what is wrong, in a word that stays the same.
    milliseconds
        How long the look took.
    sentence
        What is wrong and what to do; None where nothing is.
    """

    state: str
    milliseconds: float
    sentence: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it can be worked with."""
        return self.state == OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look found.

    Attributes
    ----------
    intelligence, shop
        Our database and the shop's.
    signs
        What our tables say of the runs; None where they cannot be read.
    """

    intelligence: PartSeen
    shop: PartSeen
    signs: VitalSigns | None

    @property
    def is_ready(self) -> bool:
        """Whether both can be worked with."""
        return self.intelligence.is_ok and self.shop.is_ok


class Prober:
    """Looks at both databases side by side, and keeps what it saw for a moment.

    Parameters
    ----------
    engine, shop_engine
        Connections of its own: a look never queues behind requests.
    shop
        Where the shop's tables are.
    seconds
        How long a look at one of them may take.
    """

    def __init__(
        self, engine: AsyncEngine, shop_engine: AsyncEngine, shop: Shop, seconds: float
    ) -> None:
        self._engine = engine
        self._shop_engine = shop_engine
        self._shop = shop
        self._seconds = seconds
        self._one_looks = asyncio.Lock()
        self._seen: Look | None = None
        self._seen_at = 0.0

    async def look(self) -> Look:
        """Return what was seen a moment ago, or look."""
        async with self._one_looks:
            fresh = monotonic_seconds() - self._seen_at < KEPT_SECONDS
            if self._seen is None or not fresh:
                self._seen = await self._looked()
                self._seen_at = monotonic_seconds()
            return self._seen

    async def _looked(self) -> Look:
        signs: list[VitalSigns] = []

        async def ours() -> None:
            signs.append(await read_vital_signs(self._engine))
            await prove_writable(self._engine)

        intelligence, shop = await asyncio.gather(
            self._part("intelligence", ours),
            self._part("shop", lambda: prove_readable(self._shop_engine, self._shop)),
        )
        return Look(intelligence=intelligence, shop=shop, signs=next(iter(signs), None))

    async def _part(self, name: str, work: Callable[[], Awaitable[None]]) -> PartSeen:
        began = monotonic_seconds()
        state, sentence = OK, None
        try:
            async with asyncio.timeout(self._seconds):
                await work()
        except TimeoutError:
            state, sentence = "slow", f"The {name} database does not answer in time."
        except Exception as error:  # noqa: BLE001, a look has an answer whatever happens
            state, sentence = _told(error)
        milliseconds = round((monotonic_seconds() - began) * 1000, 1)
        return PartSeen(state=state, milliseconds=milliseconds, sentence=sentence)


def _told(error: Exception) -> tuple[str, str]:
    """Return the word and the sentence for what a look met, without names."""
    if isinstance(error, DatabaseUnavailable):
        return PASSING.get(error.kind, error.kind), error.plain
    if isinstance(error, TablesTooOld):
        return ("tables_outdated" if error.found else "tables_missing"), str(error)
    if isinstance(error, TablesTooNew):
        return "tables_too_new", str(error)
    if isinstance(error, InvalidMapping | TablesInTheWay):
        return "unreadable", UNREADABLE
    if not isinstance(error, BackendError):
        log.error("look at health failed", exc_info=error)
    return "failed", UNEXPECTED
