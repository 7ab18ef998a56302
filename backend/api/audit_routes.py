"""Who did what; and tombstones that nobody can read any more."""

from typing import Annotated

from fastapi import Query
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from backend.api.audited import Audited
from backend.api.routers import for_admin_keys
from backend.api.schema_root import Schema
from backend.api.state import State
from backend.core.glossary import Action
from backend.database.engine import AsyncConnection, transaction
from backend.results.audit_entry import AuditEntry
from backend.store.audit import read_audit
from backend.store.patience import changed
from backend.store.tombstones import drop_unreadable

ENTRY: JsonDict = {
    "id": 1,
    "at": "2011-12-10T08:00:00Z",
    "key": "3f9a0c51d2e8",
    "action": "run_started",
    "subject": "5f0c2a9be1d34c77",
}


class Audit(Schema):
    """What was done, and with which key."""

    model_config = ConfigDict(json_schema_extra={"example": {"entries": [ENTRY]}})

    entries: list[AuditEntry] = Field(description="The newest first; with `after`, the oldest")


class TombstonesDropped(Schema):
    """How many tombstones were taken away."""

    model_config = ConfigDict(json_schema_extra={"example": {"dropped": 2}})

    dropped: int = Field(ge=0, description="Whom they were of can be known again")


admin = for_admin_keys()


@admin.get("/audit")
async def list_audit(
    state: State,
    after: Annotated[
        int | None,
        Query(
            ge=0,
            le=2**63 - 1,
            description="Only what came after the entry with this id",
            examples=[0],
        ),
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=10_000, description="At most so many", examples=[20])
    ] = 1000,
) -> Audit:
    """List who started, cancelled, renamed, erased or exported what, and when; never of whom.

    The newest first; with `after`, the oldest first.
    """
    async with transaction(state.engine) as connection:
        return Audit(entries=await read_audit(connection, limit=limit, after=after))


@admin.delete("/tombstones/unreadable")
async def drop_unreadable_tombstones(state: State, audited: Audited) -> TombstonesDropped:
    """Take away the tombstones that were made with a SECRET_KEY nobody has any more.

    Erase their customers anew first: the next run knows again whom it is not told of.
    """

    async def drop(connection: AsyncConnection) -> int:
        await audited.record(connection, Action.TOMBSTONES_DROPPED)
        return await drop_unreadable(connection, state.own_keys.tombstones)

    return TombstonesDropped(dropped=await changed(state.engine, drop))
