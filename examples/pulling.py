"""What the pulls share: a shop's changes since the last pull, merged by id into the guide's tables.

A pull is made of slices of some pages. dlt loads each slice and keeps in the database how far it
got, so that after an interruption the next pull goes on with the slice that was not finished.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import dlt
from dlt.destinations import postgres
from dlt.extract import DltResource, DltSource
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import ClientConfig, Endpoint, EndpointResource

Row = dict[str, Any]
log = logging.getLogger("pull")

# Orders are written while they are read, and a shop's clock is not ours: the last hour is read
# again. Rows are merged by id, so what was there already stays as it is.
READ_AGAIN = timedelta(hours=1)
THE_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)

INTEGER = {"data_type": "bigint"}
TEXT = {"data_type": "text"}
MONEY = {"data_type": "decimal", "precision": 18, "scale": 2}
TIME = {"data_type": "timestamp", "timezone": False}
# Of a row that one slice holds twice, the newest stays.
NEWEST = {**TIME, "dedup_sort": "desc"}
CUSTOMER_COLUMNS: dict[str, Any] = {
    "id": INTEGER,
    "email": TEXT,
    "first_name": TEXT,
    "last_name": TEXT,
    "total_spent": MONEY,
    "orders_count": INTEGER,
    "created_at": TIME,
    "updated_at": NEWEST,
}
ORDER_COLUMNS: dict[str, Any] = {
    "id": INTEGER,
    "customer_id": INTEGER,
    "order_number": TEXT,
    "total_price": MONEY,
    "refunded_amount": MONEY,
    "created_at": TIME,
    "updated_at": NEWEST,
    "financial_status": TEXT,
    "fulfillment_status": TEXT,
}
# What dlt makes of a list inside an order; it is merged together with the order.
NESTED_LINES = "orders__line_items"
LINE_COLUMNS: dict[str, Any] = {
    "id": INTEGER,
    "order_id": INTEGER,
    "product_id": INTEGER,
    "product_title": TEXT,
    "quantity": INTEGER,
    "price": MONEY,
    "vendor": TEXT,
}
INDEXES = (
    ("customers", "id"),
    ("customers", "email"),
    ("orders", "id"),
    ("orders", "customer_id"),
    (NESTED_LINES, "order_id"),
)


@dataclass(slots=True)
class Slice:
    """What of a pull is loaded at once; counts the pages that came."""

    started: datetime
    most_pages: int
    read_again: timedelta = timedelta(0)
    pages: int = 0
    reached: dict[str, datetime] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether there may be more."""
        return self.pages >= self.most_pages

    def since(self, parameter: str, written: Callable[[datetime], str]) -> Any:
        """Return dlt's cursor: the parameter that asks for what changed since the last slice."""
        return {
            "cursor_path": "changed_at",
            "start_param": parameter,
            "initial_value": THE_BEGINNING,
            "lag": self.read_again.total_seconds(),
            "convert": written,
        }

    def changes(
        self, client: ClientConfig, name: str, endpoint: Endpoint, updated: str
    ) -> DltResource:
        """Return an endpoint's pages, each item with the instant of its last change."""
        resource: EndpointResource = {
            "name": name,
            "selected": False,
            "endpoint": {**endpoint, "response_actions": [self._count]},
            "processing_steps": [{"map": lambda item: self._marked(name, item, updated)}],
        }
        found = rest_api_resources({"client": client, "resources": [resource]})
        return found[0].add_limit(self.most_pages)

    def _count(self, _response: object, *_arguments: object, **_options: object) -> None:
        self.pages += 1

    def _marked(self, name: str, item: Row, updated: str) -> Row:
        # An instant: as text, times of two zones have no order.
        changed = instant(item[updated])
        if changed < self.reached.get(name, THE_BEGINNING):
            raise NotSorted(f"{name} do not come with the oldest change first: some could be lost")
        self.reached[name] = changed
        # A date in the future would hide all changes until then.
        return {**item, "changed_at": min(changed, self.started)}


class NotSorted(Exception):
    """The API does not sort as it was asked to, so the cursor would pass changes by."""


def pull(
    name: str, source_of: Callable[[Slice], DltSource], slice_pages: int, now: datetime
) -> None:
    """Load slice after slice until nothing new is left.

    Parameters
    ----------
    name
        Under which dlt keeps how far the pull got.
    source_of
        Makes the source of one slice.
    slice_pages
        How many pages of an endpoint are loaded at once: what an interruption costs at most.
    now
        The start of the pull.
    """
    url = setting("DATABASE_URL").replace("postgres://", "postgresql://", 1)
    schema = setting("PULL_SCHEMA", "ecommerce")
    pipeline = dlt.pipeline(name, destination=postgres(url), dataset_name=schema)
    refuse_tables_of_others(pipeline, schema)
    # What an interrupted pull fetched is loaded first: until then dlt takes nothing new.
    if pipeline.has_pending_data:
        pipeline.run()
    part = Slice(now, slice_pages, READ_AGAIN)
    before = None
    while True:
        pipeline.run(source_of(part))
        log.info("%s: %d pages", name, part.pages)
        if not part.is_full:
            break
        reached = cursors(pipeline)
        # More may have changed in one second than a slice holds.
        stuck = reached == before
        part = Slice(now, 2 * part.most_pages if stuck else slice_pages)
        before = reached
    finish(pipeline)


def setting(name: str, default: str | None = None) -> str:
    """Return an environment variable; without it and a default, end with a sentence."""
    value = os.environ.get(name) or default
    if value is None:
        raise SystemExit(f"{name} is not set; docs/sync.md says what it holds")
    return value


def refuse_tables_of_others(pipeline: dlt.Pipeline, schema: str) -> None:
    """End with a sentence where the tables are there and dlt did not make them."""
    with pipeline.sql_client() as client:
        columns = client.execute_sql(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = 'orders'",
            schema,
        )
    if columns and ("_dlt_id",) not in columns:
        raise SystemExit(
            f"{schema}.orders was not made by a pull, so a pull does not write into it: "
            "name another schema in PULL_SCHEMA"
        )


def cursors(pipeline: dlt.Pipeline) -> dict[str, Any]:
    """Return how far each endpoint was read."""
    return {
        name: state["incremental"]["changed_at"]["last_value"]
        for source in pipeline.state.get("sources", {}).values()
        for name, state in source.get("resources", {}).items()
        if "incremental" in state
    }


def finish(pipeline: dlt.Pipeline) -> None:
    """Show the lines under the guide's name, and make the indexes that reading wants."""
    if NESTED_LINES not in pipeline.default_schema.tables:
        return
    columns = ", ".join(LINE_COLUMNS)
    with pipeline.sql_client() as client:
        name = client.make_qualified_table_name
        view, lines = name("order_line_items"), name(NESTED_LINES)
        client.execute_sql(
            f"CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM {lines}"  # noqa: S608, quoted
        )
        for table, column in INDEXES:
            client.execute_sql(
                f"CREATE INDEX IF NOT EXISTS idx_{table}_{column} ON {name(table)} ({column})"
            )


def customers(changes: DltResource, row: Callable[[Row], Row | None]) -> DltResource:
    """Return the guide's customers, merged by id; no row leaves an item out."""
    return _merged(changes, "customers", row, CUSTOMER_COLUMNS)


def orders(changes: DltResource, row: Callable[[Row], Row | None]) -> DltResource:
    """Return the guide's orders with their `line_items`, merged by id."""
    lines = dlt.mark.make_nested_hints(columns=own(LINE_COLUMNS))
    return _merged(changes, "orders", row, ORDER_COLUMNS, nested_hints={"line_items": lines})


def _merged(
    changes: DltResource,
    name: str,
    row: Callable[[Row], Row | None],
    columns: dict[str, Any],
    **hints: Any,
) -> DltResource:
    rows = dlt.transformer(
        lambda page: [made for item in page if (made := row(item)) is not None],
        name=name,
        primary_key="id",
        write_disposition="merge",
        columns=own(columns),
        **hints,
    )
    made: DltResource = changes | rows
    return made


def own(columns: dict[str, Any]) -> dict[str, Any]:
    """Return hints that share nothing: dlt writes into what it is given."""
    return {name: dict(hint) for name, hint in columns.items()}


def instant(written: str) -> datetime:
    """Read a time; one that names no zone is UTC."""
    read = datetime.fromisoformat(written)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def naive(written: str | None) -> datetime | None:
    """Return a time as the guide's TIMESTAMP columns hold it: UTC, and no word of it."""
    return None if written is None else instant(written).replace(tzinfo=None)


def money(written: str | float | None) -> Decimal | None:
    """Read an amount as it is printed, to the cent."""
    return None if written is None else Decimal(str(written)).quantize(Decimal("0.01"))
