"""What has the names of our tables in a database: ours, 10.0's, or somebody else's."""

from collections.abc import Mapping

from sqlalchemy import Connection, Inspector, and_, column, func, inspect, select, table
from sqlalchemy.sql.expression import TableClause

from backend.database.column_types import UtcDateTime
from backend.database.database_clock import database_now
from backend.store.all_tables import intelligence
from backend.store.tables import customer_intelligence, runs

# Since this version none of ours can be somebody else's: it would have been noticed before.
PREFIXED_SINCE = "0003"
# Some columns that are hardly all in a table that is not ours; they are in every version of it.
TELLING: Mapping[str, frozenset[str]] = {
    "customer_intelligence": frozenset({"archetype_id", "cluster_confidence", "run_id", "status"}),
    "intelligence_runs": frozenset({"lease_token", "lease_until", "queued_at", "share_done"}),
    "intelligence_segments": frozenset({"parent_id", "churn_risk_avg", "profile", "run_id"}),
    "intelligence_segment_names": frozenset({"segment_id", "given_by"}),
    "intelligence_segment_changes": frozenset({"from_segment_id", "to_segment_id", "cause"}),
    "intelligence_segment_lineage": frozenset({"segment_id", "event", "relatives", "run_id"}),
    "intelligence_segment_history": frozenset({"run_id", "segment_id", "revenue_at_risk"}),
    "intelligence_customers_gone": frozenset({"customer_id", "cause", "gone_at"}),
    "intelligence_tombstones": frozenset({"mark", "key_id", "erased_at"}),
    "intelligence_audit": frozenset({"at", "key", "action", "subject"}),
    "intelligence_search_texts": frozenset({"customer_number", "folded", "is_part"}),
    "intelligence_search_digests": frozenset({"customer_number", "digest"}),
    "intelligence_search_grams": frozenset({"gram", "text_id"}),
    "intelligence_search_copies": frozenset({"index_kind", "refreshed_at"}),
    "intelligence_webhooks": frozenset({"url", "previous_secret", "again_below"}),
    "intelligence_webhook_deliveries": frozenset({"message_id", "webhook_id", "due_at"}),
    "intelligence_webhook_alarms": frozenset({"webhook_id", "raised_at", "is_raised"}),
    "intelligence_order_events": frozenset({"source", "event_id", "received_at"}),
    "intelligence_rescorings": frozenset({"events", "told_at", "waiting_since"}),
}
# What the guide prints of customer_intelligence: who made it by hand gets the rest from us.
PRINTED = frozenset(
    {
        "customer_id",
        "archetype_id",
        "archetype_name",
        "archetype_level",
        "ltv",
        "churn_risk",
        "cluster_confidence",
        "updated_at",
    }
)
NAMES_OF_RUNS = {runs.name: runs.name, "runs": runs.name}


def tables_in_the_way(connection: Connection, revision: str | None) -> list[str]:
    """Return the tables and views that have the names of ours and are not ours.

    Parameters
    ----------
    connection
        To the database of ours.
    revision
        The version of our tables; None before the first.
    """
    if revision is not None and revision >= PREFIXED_SINCE:
        return []
    inspector = inspect(connection)
    there = {*inspector.get_table_names(), *inspector.get_view_names()}
    return [
        name
        for name in sorted(there & intelligence.tables.keys())
        if not _is_ours(inspector, name) and not _is_a_printed_copy(connection, inspector, name)
    ]


def missing_tables(connection: Connection) -> list[str]:
    """Return the tables of ours that are not there, by name; users may have put views there."""
    inspector = inspect(connection)
    there = {*inspector.get_table_names(), *inspector.get_view_names()}
    return sorted(intelligence.tables.keys() - there)


def runs_table(connection: Connection) -> str | None:
    """Return what our table of runs is called in this database; None where there is none."""
    inspector = inspect(connection)
    there = inspector.get_table_names()
    for name, ours in NAMES_OF_RUNS.items():
        if name in there and TELLING[ours] <= _columns(inspector, name):
            return name
    return None


def running_run(connection: Connection) -> str | None:
    """Return the id of the run that is at work under a lease; None where none is."""
    if (name := runs_table(connection)) is None:
        return None
    found = _any_runs(name)
    held = found.c.lease_until >= database_now()
    at_work = and_(found.c.active == 1, found.c.state == "running", held)
    run_id: str | None = connection.scalar(select(found.c.id).where(at_work))
    return run_id


def _any_runs(name: str) -> TableClause:
    until = column("lease_until", UtcDateTime)
    return table(name, column("id"), column("state"), column("active"), until)


def _columns(inspector: Inspector, name: str) -> set[str]:
    return {one["name"] for one in inspector.get_columns(name)}


def _is_ours(inspector: Inspector, name: str) -> bool:
    return TELLING[name] <= _columns(inspector, name)


def _is_a_printed_copy(connection: Connection, inspector: Inspector, name: str) -> bool:
    """Whether it is the guide's statement, typed in; rows would be somebody's."""
    if name != customer_intelligence.name or not _columns(inspector, name) >= PRINTED:
        return False
    return connection.scalar(select(func.count()).select_from(table(name))) == 0
