"""Is the process there, can it work, and is what it serves as new as it should be?"""

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from backend import API_VERSION
from backend.api.openapi import operation_id
from backend.api.prober import Look, PartSeen
from backend.api.problem_answers import problems
from backend.api.schema_root import Schema
from backend.api.state import ApiState, State
from backend.core.errors import NotReady
from backend.store.vital_signs import LastRun, VitalSigns

# A run that was told not to publish is as it should be; these replaced nothing unasked.
WITHHELD = {"nothing_read", "lost_customers", "older_than_served"}
PART_EXAMPLE: JsonDict = {"state": "ok", "milliseconds": 2.4, "sentence": None}


class PartHealth(Schema):
    """How one of the two databases is."""

    state: str = Field(
        description="ok, slow, down, password, no_database, option, certificate, encryption, "
        "right, read_only, disk_full, out_of_memory, damaged, no_file, bad_file, too_new, "
        "tables_missing, tables_outdated, tables_too_new, unreadable (the shop's tables are not as "
        "they are mapped) or failed"
    )
    milliseconds: float = Field(description="How long the look took")
    sentence: str | None = Field(description="What is wrong, and what helps")


class ServedHealth(Schema):
    """What is served, and how old it is."""

    as_of: datetime | None = Field(description="The instant that it describes")
    published_at: datetime = Field(description="When its run was published")
    age_seconds: float = Field(description="Since then")


class LastRunHealth(Schema):
    """How the newest run is, or was."""

    state: str = Field(description="queued, running, succeeded, failed or cancelled")
    ended_at: datetime | None = Field(description="Null while it is active")
    not_published: str | None = Field(description="Why it replaced nothing though it succeeded")


class Health(Schema):
    """Whether the service can work, and whether its runs do."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "status": "healthy",
                "database": "connected",
                "version": "10.0",
                "degraded": [],
                "intelligence": PART_EXAMPLE,
                "shop": PART_EXAMPLE,
                "served": {
                    "as_of": "2026-03-02T02:00:00Z",
                    "published_at": "2026-03-02T02:00:41Z",
                    "age_seconds": 25159.0,
                },
                "last_run": {
                    "state": "succeeded",
                    "ended_at": "2026-03-02T02:00:41Z",
                    "not_published": None,
                },
                "failures": 0,
            }
        }
    )

    status: Literal["healthy", "degraded"] = Field(
        description="degraded: it works, and `degraded` says what somebody should look at; a "
        "service that cannot work answers 503"
    )
    database: Literal["connected"] = Field(description="The shop's can be read, ours be written")
    version: str = Field(description="Of the API")
    degraded: list[Literal["nothing_published", "last_run_failed", "not_published"]] = Field(
        description="nothing_published: no run ever was; last_run_failed: what is served is of an "
        "older one; not_published: the last run found what it would not replace unasked"
    )
    intelligence: PartHealth = Field(description="Our database")
    shop: PartHealth = Field(description="The shop's")
    served: ServedHealth | None = Field(description="Null before the first publication")
    last_run: LastRunHealth | None = Field(description="Null before the first")
    failures: int = Field(description="Runs that have failed since the one that is served")


class Alive(Schema):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "alive"}})

    status: Literal["alive"] = Field(description="Whatever the databases do")


router = APIRouter(tags=["health"], generate_unique_id_function=operation_id)


@router.head("/health", include_in_schema=False)
@router.get("/health", responses=problems(503))
async def health(state: State) -> Health:
    """Say whether the service can work, and whether its runs do. Needs no key.

    200 where ours can be read and written and the shop be read, 503 where not, with which of the
    two it is. What is seen is kept for a second.
    """
    return await _ready(state)


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", responses=problems(503))
async def ready(state: State) -> Health:
    """Say whether requests can be answered: the same as `/health`, for who asks by this name."""
    return await _ready(state)


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live")
async def live() -> Alive:
    """Say that the process answers, whatever the databases do: when not, it wants a restart."""
    return Alive(status="alive")


async def _ready(state: ApiState) -> Health:
    look = await state.prober.look()
    if not look.is_ready or look.signs is None:
        raise _not_ready(look)
    return _health(look.intelligence, look.shop, look.signs, state.now())


def _not_ready(look: Look) -> NotReady:
    parts = (look.intelligence, look.shop)
    said = dict.fromkeys(part.sentence for part in parts if part.sentence)
    return NotReady(" ".join(said), {"intelligence": asdict(parts[0]), "shop": asdict(parts[1])})


def _health(intelligence: PartSeen, shop: PartSeen, signs: VitalSigns, now: datetime) -> Health:
    degraded = degraded_by(signs)
    return Health(
        status="degraded" if degraded else "healthy",
        database="connected",
        version=API_VERSION,
        degraded=degraded,
        intelligence=PartHealth(**asdict(intelligence)),
        shop=PartHealth(**asdict(shop)),
        served=_served(signs, now),
        last_run=signs.newest and LastRunHealth(**asdict(signs.newest)),
        failures=signs.failures,
    )


def degraded_by(
    signs: VitalSigns,
) -> list[Literal["nothing_published", "last_run_failed", "not_published"]]:
    """Say what somebody should look at though the service works."""
    ended = signs.ended or LastRun(state="", ended_at=None, not_published=None)
    found: list[Literal["nothing_published", "last_run_failed", "not_published"]] = []
    if signs.published_at is None:
        found.append("nothing_published")
    if ended.state == "failed":
        found.append("last_run_failed")
    if ended.not_published in WITHHELD:
        found.append("not_published")
    return found


def _served(signs: VitalSigns, now: datetime) -> ServedHealth | None:
    if signs.published_at is None:
        return None
    age = max((now - signs.published_at).total_seconds(), 0.0)
    return ServedHealth(
        as_of=signs.as_of, published_at=signs.published_at, age_seconds=round(age, 1)
    )
