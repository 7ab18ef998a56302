"""An installation of 10.0 becomes this version and goes back, and loses nothing either way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Inspector, String, event, inspect, text
from sqlalchemy.exc import DBAPIError

from backend import store
from backend.core.clock import utc_now
from backend.core.customer_id import CustomerIdType
from backend.core.errors import (
    BackendError,
    DatabaseRefuses,
    TablesBusy,
    TablesHeld,
    TablesInTheWay,
    TablesTooNew,
    TablesTooOld,
)
from backend.database.engine import AsyncEngine, opened, transaction
from backend.store import runs
from backend.store.migrate import VERSION_TABLE, exclusively, migrate
from backend.store.publish import begin_at_once
from tests.conftest import NewDatabase, execute, takes_its_turn, wait_for
from tests.live import ROOT, serving
from tests.store.installation_10_0 import TABLES, VIEWS, restore
from tests.store.test_migrate import differences
from tests.waiting import wait_until

Rows = dict[str, list[tuple[Any, ...]]]
OF_CUSTOMERS_IN_10_0 = {
    *("customer_id", "archetype_id", "archetype_name", "archetype_level", "ltv", "churn_risk"),
    *("cluster_confidence", "updated_at", "historical_value", "frequency", "recency_days"),
    *("predicted_value", "predicted_value_low", "predicted_value_high", "predicted_orders"),
    *("predicted_orders_low", "predicted_orders_high", "next_order_p10", "next_order_p50"),
    *("next_order_p90", "avg_order_value", "status", "run_id", "age_days", "usual_gap_days"),
    *("order_days", "typical_order_value"),
}
PREFIXED = tuple(f"intelligence_{name}" for name in TABLES)
A_RUN_OF_10_0 = (
    "INSERT INTO runs (id, state, active, revision, request, share_done, counts, queued_at,"
    " lease_token, lease_until) SELECT 'atwork', 'running', 1, 0, request, 0, '{}', queued_at,"
    " 'token', '%s' FROM runs WHERE published = 1"
)


@pytest.fixture
async def reader_url(database_url: str) -> str:
    """Restore the installation; give the URL of the user that may only read it."""
    return await restore(database_url)


@pytest.fixture
async def engine(database_url: str, reader_url: str) -> AsyncIterator[AsyncEngine]:
    """Connect to the installation as its owner."""
    async with opened(database_url) as made:
        yield made


async def rows(engine: AsyncEngine, *names: str) -> Rows:
    """Return all rows of tables or views, sorted."""
    found = {}
    async with transaction(engine) as connection:
        for name in names:
            selected = await connection.execute(text(f"SELECT * FROM {name}"))
            found[name] = sorted((tuple(row) for row in selected), key=repr)
    return found


SINCE_10_0 = {"not_published", "scoring", "sums"}


async def rows_by_column(engine: AsyncEngine, *names: str) -> list[Any]:
    """Return all rows, without regard to the order of columns and to those 10.0 had not."""
    found = []
    async with transaction(engine) as connection:
        for name in names:
            selected = (await connection.execute(text(f"SELECT * FROM {name}"))).mappings()
            all_columns = name != "customer_intelligence"
            there = set(selected.keys()) if all_columns else OF_CUSTOMERS_IN_10_0
            wanted = there - SINCE_10_0
            kept = [{key: row[key] for key in wanted} for row in selected]
            found.append(sorted((sorted(row.items()) for row in kept), key=repr))
    return found


def go_back(connection: Connection) -> None:
    """Do what `alembic downgrade 0002` does."""
    command.downgrade(configured(connection), "0002")


def rename(connection: Connection) -> None:
    """Do what `alembic upgrade 0003` does."""
    command.upgrade(configured(connection), "0003")


def configured(connection: Connection) -> Config:
    """Return what Alembic needs to work in this connection."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["connection"] = connection
    return config


async def read_as(url: str, *names: str) -> Rows:
    async with opened(url) as engine:
        return await rows(engine, *names)


def shape(connection: Connection) -> dict[str, Any]:
    """Return columns, indexes and constraints of our tables, with their names."""
    inspector = inspect(connection)
    known = {*TABLES, *PREFIXED, "customer_intelligence"} & set(inspector.get_table_names())
    return {name: _shape_of_table(inspector, name) for name in known}


def _shape_of_table(inspector: Inspector, name: str) -> tuple[Any, ...]:
    columns = inspector.get_columns(name)
    return (
        {(column["name"], str(column["type"]), column["nullable"]) for column in columns},
        {index["name"] for index in inspector.get_indexes(name)},
        {unique["name"] for unique in inspector.get_unique_constraints(name)},
        {check["name"] for check in inspector.get_check_constraints(name)},
        inspector.get_pk_constraint(name)["name"],
    )


async def shape_of(engine: AsyncEngine) -> dict[str, Any]:
    async with transaction(engine) as connection:
        return await connection.run_sync(shape)


async def test_an_upgrade_keeps_every_row(engine: AsyncEngine) -> None:
    before = await rows_by_column(engine, "customer_intelligence", *TABLES)
    await migrate(engine)
    assert await rows_by_column(engine, "customer_intelligence", *PREFIXED) == before


async def test_an_upgraded_installation_is_made_like_a_new_one(
    engine: AsyncEngine, new_database: NewDatabase
) -> None:
    await migrate(engine)
    async with opened(new_database()) as new:
        await migrate(new)
        wanted = await shape_of(new)
    assert set(wanted) == {"customer_intelligence", *PREFIXED}
    found = await shape_of(engine)
    for name in PREFIXED:
        assert _but_ids(found[name]) == _but_ids(wanted[name])


def _but_ids(made: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leave out customer_id, whose type is the shop's."""
    columns, *others = made
    return ({one for one in columns if one[0] != "customer_id"}, *others)


async def test_migrations_and_code_agree_after_an_upgrade(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with transaction(engine) as connection:
        found = await connection.run_sync(differences)
    assert [one for one in found if "customer_id" not in str(one)] == []


@takes_its_turn
async def test_a_persons_name_the_moves_and_the_reports_are_served_after_an_upgrade(
    engine: AsyncEngine,
) -> None:
    await migrate(engine)
    names = await store.read_names(engine)
    assert [given.name for given in names.values()] == ["Sunday Regulars"]
    ended = [run for run in await runs.recent(engine, limit=9) if run.state == "succeeded"]
    assert [f"{run.as_of:%Y-%m-%d}" for run in ended] == ["2024-06-01", "2024-05-15", "2024-04-01"]
    reports = [await store.read_report(engine, run.id) for run in ended]
    assert all(report is not None and report.segments for report in reports)
    async with transaction(engine) as connection:
        published = await runs.published(connection)
        assert published is not None
        assert published.run_id == ended[0].id


@takes_its_turn
async def test_what_10_0_had_queued_is_still_queued(engine: AsyncEngine) -> None:
    await migrate(engine)
    newest = await runs.latest(engine)
    assert newest is not None
    assert newest.state == "queued"


async def test_a_users_views_and_grants_survive_both_ways(
    engine: AsyncEngine, reader_url: str
) -> None:
    before = await read_as(reader_url, *VIEWS, "segments", "segment_names", "segment_changes")
    assert all(before.values())
    await migrate(engine)
    assert await read_as(reader_url, *before) == before
    await exclusively(engine, go_back)
    assert await read_as(reader_url, *before) == before


@takes_its_turn
async def test_the_old_names_show_ended_runs_and_all_else(engine: AsyncEngine) -> None:
    before = await rows_by_column(engine, *TABLES)
    await migrate(engine)
    ended = [row for row in before[0] if dict(row)["active"] is None]
    assert await rows_by_column(engine, *TABLES) == [ended, *before[1:]]
    assert len(ended) == len(before[0]) - 1


async def test_the_old_names_take_nothing(engine: AsyncEngine) -> None:
    await migrate(engine)
    before = await rows(engine, *PREFIXED)
    for statement in (
        "UPDATE runs SET share_done = 0",
        "DELETE FROM segment_changes",
        "INSERT INTO segment_names (segment_id, name, given_by, updated_at)"
        " VALUES ('a', 'b', 'person', '2024-01-01')",
    ):
        with pytest.raises((DBAPIError, BackendError)):
            async with transaction(engine) as connection:
                await connection.execute(text(statement))
    assert await rows(engine, *PREFIXED) == before


async def test_a_downgrade_gives_10_0_its_tables_as_they_were(engine: AsyncEngine) -> None:
    before = await rows_by_column(engine, "customer_intelligence", *TABLES)
    made = await shape_of(engine)
    await migrate(engine)
    await exclusively(engine, go_back)
    # What tells ids apart exactly stays: 10.0 reads such a column as well.
    assert exact_ids(await shape_of(engine)) == exact_ids(made)
    assert await rows_by_column(engine, "customer_intelligence", *TABLES) == before
    await migrate(engine)
    assert await rows_by_column(engine, "customer_intelligence", *PREFIXED) == before


def exact_ids(shapes: dict[str, Any]) -> str:
    """Return shapes of tables, by name, without the pads that MariaDB's collations differ by."""
    names = sorted(shapes)  # a database tells its tables in any order
    ordered = {name: [sorted(map(str, part or ())) for part in shapes[name]] for name in names}
    return str(ordered).replace("utf8mb4_nopad_bin", "utf8mb4_bin")


async def test_a_downgrade_names_a_users_view_on_an_old_name(new_postgres: NewDatabase) -> None:
    url = new_postgres()
    await restore(url)
    async with opened(url) as engine:
        await migrate(engine)
        await execute(url, "CREATE VIEW ended AS SELECT id, as_of FROM runs")
        before = await rows(engine, *PREFIXED)
        with pytest.raises(CommandError, match="view ended depends on view runs"):
            await exclusively(engine, go_back)
        assert await rows(engine, *PREFIXED) == before
        await execute(url, "DROP VIEW ended")
        await exclusively(engine, go_back)


@takes_its_turn
async def test_a_program_ahead_of_its_tables_says_what_to_do(engine: AsyncEngine) -> None:
    with pytest.raises(TablesTooOld, match="python -m backend migrate makes them"):
        await runs.latest(engine)
    with pytest.raises(TablesTooOld):
        async with transaction(engine) as connection:
            await connection.execute(text("SELECT lost FROM customer_intelligence"))


@takes_its_turn
async def test_a_shop_with_runs_and_segments_of_its_own_keeps_them(database_url: str) -> None:
    await execute(
        database_url,
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, runner VARCHAR(20), state VARCHAR(20))",
        "CREATE TABLE segments (id INTEGER PRIMARY KEY, name VARCHAR(20))",
        "CREATE INDEX idx_runs_queued_at ON runs (state)",
        "INSERT INTO runs VALUES (1, 'Ada', 'running')",
        "INSERT INTO segments VALUES (7, 'theirs')",
    )
    async with opened(database_url) as engine:
        before = await rows(engine, "runs", "segments")
        await migrate(engine)
        assert await rows(engine, "runs", "segments") == before
        with pytest.raises(CommandError, match="The shop has runs itself"):
            await exclusively(engine, go_back)
        assert await rows(engine, "runs", "segments", *PREFIXED) == {
            **before,
            **{name: [] for name in PREFIXED},
        }


@takes_its_turn
async def test_a_shops_view_with_an_old_name_is_left_where_it_is(database_url: str) -> None:
    await execute(
        database_url,
        "CREATE TABLE groups_of_people (id INTEGER PRIMARY KEY, name VARCHAR(20))",
        "CREATE VIEW segments AS SELECT id, name FROM groups_of_people",
    )
    async with opened(database_url) as engine:
        await migrate(engine)
        with pytest.raises(CommandError, match="The shop has segments itself"):
            await exclusively(engine, go_back)
        assert await rows(engine, "segments") == {"segments": []}


async def fit(engine: AsyncEngine, kind: CustomerIdType) -> None:
    """Change the kind of ids as a publication does."""
    async with transaction(engine) as connection:
        await begin_at_once(connection)
        await store.fit_customer_id_type(connection, kind)


async def test_ids_may_change_their_kind_after_an_upgrade(
    engine: AsyncEngine, database_url: str
) -> None:
    await migrate(engine)
    await execute(database_url, *(f"DROP VIEW {name}" for name in VIEWS))
    async with transaction(engine) as connection:
        published = await runs.published(connection)
    assert published is not None
    other: CustomerIdType = "text" if published.customer_id_type == "integer" else "integer"
    await fit(engine, other)
    async with transaction(engine) as connection:
        found = await connection.run_sync(
            lambda sync: inspect(sync).get_columns("intelligence_segment_changes")
        )
    kinds = {column["name"]: isinstance(column["type"], String) for column in found}
    assert kinds["customer_id"] == (other == "text")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_view_that_keeps_ids_from_changing_their_kind_is_named(
    new_sqlite: NewDatabase, new_postgres: NewDatabase, kind: str
) -> None:
    url = (new_sqlite if kind == "sqlite" else new_postgres)()
    await restore(url)
    async with opened(url) as engine:
        await migrate(engine)
        before = await rows(engine, "customer_intelligence", *PREFIXED, *TABLES)
        with pytest.raises(TablesHeld, match=r"customer_(moves|segments)"):
            await fit(engine, "text")
        assert await rows(engine, *before) == before
        await execute(url, *(f"DROP VIEW {name}" for name in VIEWS))
        await fit(engine, "text")


@takes_its_turn
async def test_a_shops_table_with_a_name_of_ours_is_left_and_named(database_url: str) -> None:
    await execute(database_url, "CREATE TABLE intelligence_runs (id INTEGER, runner VARCHAR(20))")
    async with opened(database_url) as engine:
        with pytest.raises(TablesInTheWay, match="intelligence_runs is there and not ours"):
            await migrate(engine)
        async with transaction(engine) as connection:
            there = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(there) <= {"intelligence_runs", VERSION_TABLE}


@takes_its_turn
async def test_the_renaming_waits_for_a_run_at_work(engine: AsyncEngine, database_url: str) -> None:
    await _work(database_url, utc_now() + timedelta(minutes=1))
    with pytest.raises(TablesBusy, match="run atwork is at work"):
        await migrate(engine, patience_seconds=0)
    assert len((await rows(engine, "runs"))["runs"]) == 4
    waiting = asyncio.create_task(migrate(engine))
    await execute(
        database_url, "UPDATE runs SET state = 'succeeded', active = NULL WHERE active = 1"
    )
    await waiting
    assert len((await rows(engine, "intelligence_runs"))["intelligence_runs"]) == 4


@takes_its_turn
async def test_a_run_whose_lease_has_expired_holds_nobody_up(
    engine: AsyncEngine, database_url: str
) -> None:
    await _work(database_url, utc_now() - timedelta(seconds=1))
    await migrate(engine, patience_seconds=0)


async def _work(url: str, until: Any) -> None:
    """Let a run of 10.0 be at work."""
    await execute(
        url,
        "DELETE FROM runs WHERE active = 1",
        (A_RUN_OF_10_0 % f"{until:%Y-%m-%d %H!%M!%S}").replace("!", "\\:"),
    )


@pytest.mark.external
@pytest.mark.parametrize("maker", ["new_postgres", "new_mysql"])
async def test_readers_wait_for_the_renaming_no_longer_than_told(
    request: pytest.FixtureRequest, maker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.store.migrate.READERS_WAIT_SECONDS", 1)
    url = request.getfixturevalue(maker)()
    await restore(url)
    async with opened(url) as engine:
        async with transaction(engine) as reading:
            await reading.execute(text("SELECT count(*) FROM runs"))
            with pytest.raises(TablesBusy, match="others are using them for long"):
                await migrate(engine, patience_seconds=0)
        await migrate(engine)


@pytest.mark.external
@pytest.mark.parametrize("maker", ["new_postgres", "new_mysql"])
async def test_a_user_who_may_not_change_our_tables_is_told_so(
    request: pytest.FixtureRequest, maker: str
) -> None:
    reader = await restore(request.getfixturevalue(maker)())
    async with opened(reader) as engine:
        with pytest.raises(DatabaseRefuses, match=r"(GRANT|as its owner).* AUTO_MIGRATE=false"):
            await migrate(engine)


@takes_its_turn
async def test_tables_of_a_newer_version_are_left_alone(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with transaction(engine) as connection:
        await connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(TablesTooNew, match="Our tables have the version 9999"):
        await migrate(engine)


@pytest.mark.external
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
async def test_a_renaming_cut_short_anywhere_on_mariadb_is_finished_by_the_next(
    new_mysql: NewDatabase, step: int
) -> None:
    statement = 0
    finished = False
    while not finished:
        statement += step
        url = new_mysql()
        await restore(url)
        async with opened(url) as engine:
            before = await rows_by_column(engine, *TABLES)
            finished = await _cut_short(engine, statement)
            await exclusively(engine, rename)
            assert await rows_by_column(engine, *PREFIXED) == before, statement
            made = await shape_of(engine)
            assert made["intelligence_runs"][1] >= {"idx_intelligence_runs_queued_at"}, statement
            assert await rows_by_column(engine, *TABLES[1:]) == before[1:], statement
    assert statement > 10


class Cut(Exception):
    """Stands for the end of the process."""


async def _cut_short(engine: AsyncEngine, last: int) -> bool:
    """Migrate until so many statements have changed something; return whether it got to its end."""
    done = 0

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal done
        done += statement.lstrip().split()[0].upper() not in {"SELECT", "SHOW", "SET", "DESCRIBE"}
        if done == last:
            raise Cut

    event.listen(engine.sync_engine, "after_cursor_execute", count)
    try:
        await exclusively(engine, rename)
    except Cut:
        return False
    finally:
        event.remove(engine.sync_engine, "after_cursor_execute", count)
    return True


def test_a_server_that_waits_for_a_run_at_work_says_so_and_can_be_stopped(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(restore(url))
    wait_for(
        execute(url, "UPDATE runs SET active = NULL", A_RUN_OF_10_0 % "2999-01-01 00:00:00.000000")
    )
    with serving(url, tmp_path) as live:
        assert live.get("/health/live").status_code == 200
        assert live.get("/health").status_code == 503
        live.until("/api/mcp/segments", 503)
        wait_until(lambda: "migrations wait" in live.log.read_text(), live.log.read_text)
        wait_for(execute(url, "UPDATE runs SET active = NULL, state = 'failed' WHERE active = 1"))
        live.until("/api/mcp/segments", 200)
    assert live.log.read_text().count("migrations wait") == 1
