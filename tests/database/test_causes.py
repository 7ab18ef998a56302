"""Whatever a database refuses is one sentence: which, why, and what helps; no secret, no value."""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import URL, literal, select, text
from sqlalchemy.exc import DBAPIError

from backend.core.errors import DatabaseRefuses, DatabaseUnavailable
from backend.database import changes
from backend.database.causes import refusal
from backend.database.compiled import HotRead
from backend.database.driver_words import in_words
from backend.database.engine import AsyncConnection, opened, parse_url, ping, transaction
from backend.store.migrate import migrate
from backend.store.rights_of_ours import refusal_of_ours
from tests.conftest import NewDatabase, execute, read_only_url
from tests.databases import Prepare, migrated
from tests.services import free_port

SECRET = "hunter2"
Body = Callable[[AsyncConnection], Awaitable[object]]


def at(url: str, database: str) -> str:
    """Return the URL of another database beside it."""
    return changed(parse_url(url).set(database=database), url)


def by(url: str, user: str | None) -> str:
    """Return the URL with a wrong password, or none that is known."""
    return changed(parse_url(url).set(username=user, password=SECRET), url)


def changed(made: URL, url: str) -> str:
    """Write a URL as somebody would type it."""
    return made.set(drivername=url.split(":")[0]).render_as_string(hide_password=False)


async def refused(url: str, *statements: str, database: str = "shop") -> DatabaseUnavailable:
    """Connect, run statements in one transaction, and return what that is refused with."""
    with pytest.raises(DatabaseUnavailable) as caught:
        await run(url, database, statements or ("SELECT 1",))
    assert SECRET not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    if not statements:  # then it is the session that is refused, to hot reads alike
        with pytest.raises(type(caught.value)) as hot:
            async with opened(url) as engine:
                await HotRead(select(literal(1))).rows(engine, {}, database)
        assert str(hot.value) == str(caught.value)
    return caught.value


async def run(url: str, database: str, statements: Sequence[str]) -> None:
    async with opened(url) as engine, transaction(engine, database) as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


def holds(error: DatabaseUnavailable, kind: str, *words: str) -> None:
    """Look that an error is of a kind, and says this."""
    assert error.kind == kind, str(error)
    for one in words:
        assert one in str(error)
    assert str(error).endswith(".")
    assert "\n" not in str(error)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_a_server_that_is_not_there_passes(kind: str) -> None:
    error = await refused(f"{kind}://u:{SECRET}@127.0.0.1:{free_port()}/shop")
    holds(error, "unreachable", "does not answer (Connection refused); try again shortly")
    assert not isinstance(error, DatabaseRefuses)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_a_host_without_an_address_passes_and_is_named_as_such(kind: str) -> None:
    error = await refused(f"{kind}://u:{SECRET}@database.invalid/shop")
    holds(error, "unknown_host", "is not found", "host in DATABASE_URL")
    assert not isinstance(error, DatabaseRefuses)


@pytest.mark.external
async def test_what_keeps_postgresql_from_a_session_is_told_apart(postgres_url: str) -> None:
    missing = await refused(at(postgres_url, "no_such_shop"))
    holds(missing, "no_database", 'database "no_such_shop" does not exist', "create it")
    nobody = await refused(by(postgres_url, "nobody"))
    holds(nobody, "password", 'role "nobody" does not exist', "correct them in DATABASE_URL")
    encrypted = await refused(f"{postgres_url}?sslmode=require")
    holds(encrypted, "encryption", "rejected SSL upgrade", "set sslmode")
    assert all(isinstance(one, DatabaseRefuses) for one in (missing, nobody, encrypted))


@pytest.mark.external
async def test_a_database_of_postgresql_that_is_full_of_sessions_passes(postgres_url: str) -> None:
    name = parse_url(postgres_url).database
    reader = await read_only_url(postgres_url)
    await execute(postgres_url, f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    error = await refused(reader)
    holds(error, "too_many_connections", "too many connections for database", "DATABASE_POOL_SIZE")
    assert not isinstance(error, DatabaseRefuses)


@pytest.mark.external
async def test_what_keeps_mariadb_from_a_session_is_told_apart(mysql_url: str) -> None:
    reader = await read_only_url(mysql_url)
    missing = await refused(at(mysql_url, "no_such_shop"))
    holds(missing, "no_database", "Unknown database 'no_such_shop'", "create it")
    wrong = await refused(by(reader, parse_url(reader).username))
    holds(wrong, "password", "Access denied for user", "correct them in DATABASE_URL")
    user = parse_url(reader).username
    await execute(mysql_url, f"ALTER USER {user} WITH MAX_USER_CONNECTIONS 1")
    async with opened(reader) as first:
        await ping(first, "shop")
        busy = await refused(reader)
    holds(busy, "too_many_connections", "max_user_connections")
    assert not isinstance(busy, DatabaseRefuses)


@pytest.mark.external
async def test_a_missing_right_names_the_grant_that_gives_it(
    postgres_url: str, mysql_url: str
) -> None:
    for url in (postgres_url, mysql_url):
        await execute(url, "CREATE TABLE orders (id INTEGER)")
        reader = await read_only_url(url)
        await execute(url, "CREATE TABLE late (id INTEGER)")
        user = parse_url(reader).username
        if url == mysql_url:
            await execute(url, f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}")
            await execute(url, f"GRANT SELECT ON orders TO {user}")
        error = await refused(reader, "SELECT * FROM late")
        holds(error, "right", "denied", "grant it: GRANT SELECT ON")
        grant = str(error).partition("grant it: ")[2].rstrip(".")
        await execute(url, grant)
        async with opened(reader) as engine, transaction(engine, "shop") as connection:
            await connection.execute(text("SELECT * FROM late"))


@pytest.mark.external
async def test_who_may_not_make_our_tables_is_told_what_to_grant(
    postgres_url: str, mysql_url: str
) -> None:
    for url in (postgres_url, mysql_url):
        await execute(url, "CREATE TABLE orders (id INTEGER)")
        reader = await read_only_url(url)
        async with opened(reader) as engine:
            with pytest.raises(DatabaseRefuses) as caught:
                await migrate(engine)
            said = await refusal_of_ours(engine)
            holds(caught.value, "right", "grant it: GRANT", "AUTO_MIGRATE=false", "or name")
            assert said is not None
            assert "grant it: GRANT" in said
            grant = str(caught.value).partition("grant it: ")[2].partition(";")[0]
        await execute(url, grant)
        async with opened(reader) as engine:
            await migrate(engine)
            assert await refusal_of_ours(engine) is None


@pytest.mark.external
@pytest.mark.parametrize("made", [None, migrated])
async def test_a_server_that_only_reads_is_named_and_never_said_to_write(
    new_postgres: NewDatabase, made: Prepare | None
) -> None:
    url = new_postgres(made)
    name = parse_url(url).database
    await execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with opened(url) as engine:
        said = await refusal_of_ours(engine)
        assert said is not None
        assert "can only be read" in said
        assert "name the primary in INTELLIGENCE_DATABASE_URL" in said
        if made is None:
            with pytest.raises(DatabaseRefuses) as caught:
                await migrate(engine)
            holds(caught.value, "read_only", "in a read-only transaction")


@pytest.mark.external
async def test_mariadb_that_only_reads_is_named(mysql_url: str) -> None:
    await execute(mysql_url, "CREATE TABLE t (id INTEGER)")
    statements = ("COMMIT", "START TRANSACTION READ ONLY", "INSERT INTO t VALUES (1)")
    holds(await refused(mysql_url, *statements), "read_only", "READ ONLY transaction")


@pytest.mark.external
async def test_a_statement_that_is_ended_from_outside_passes(
    postgres_url: str, mysql_url: str
) -> None:
    slow = {
        postgres_url: ("SET statement_timeout = 20", "SELECT pg_sleep(60)"),
        mysql_url: ("SET STATEMENT max_statement_time = 0.02 FOR SELECT SLEEP(60)",),
    }
    for url, statements in slow.items():
        error = await refused(url, *statements)
        holds(error, "timed_out", "does not answer in time")
        assert not isinstance(error, DatabaseRefuses)


async def test_what_sqlite_refuses_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (text)")
    made.close()
    url = f"sqlite:///{path}"
    fill = "INSERT INTO t SELECT randomblob(99999)"
    full = await refused(url, "PRAGMA max_page_count = 3", fill)
    holds(full, "disk_full", "database or disk is full", "free space")
    reading = await refused(url, "PRAGMA query_only = ON", fill)
    holds(reading, "read_only", "attempt to write a readonly database", "the file and its folder")
    away = await refused(f"sqlite:///{tmp_path}/no/such/folder.db")
    holds(away, "no_file", "unable to open database file", "path in DATABASE_URL")
    path.write_bytes(b"SQLite? No: a letter to ada@example.com. " * 200)
    damaged = await refused(url, "SELECT * FROM t")
    holds(damaged, "damaged", "file is not a database", "restore it from a backup")
    assert isinstance(damaged, DatabaseRefuses)


async def test_a_refusal_is_logged_when_it_begins_and_when_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_changes", changes.StateOfDatabases(is_logged=True))
    caplog.set_level("INFO")
    url = f"sqlite:///{tmp_path}/later/shop.db"
    async with opened(url) as engine:
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await ping(engine, "shop")
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "shop.db").touch()
        for _ in range(3):
            await ping(engine, "shop")
    told = [one.getMessage() for one in caplog.records if one.name == "backend.database.changes"]
    assert told == ["database refuses", "database answers again"]


CANARIES = ("ada@example.com", 'ada "the" canary', "ada\ncanary")


@pytest.mark.external
@pytest.mark.parametrize("value", CANARIES)
async def test_the_words_of_a_database_quote_no_value(
    postgres_url: str, mysql_url: str, value: str
) -> None:
    casts = ("CAST(:value AS INTEGER)", "CAST(:value AS TIMESTAMP)", "CAST(:value AS UUID)")
    asked = [
        (postgres_url, f"SELECT {cast}".replace(":value", "CAST(:value AS TEXT)")) for cast in casts
    ]
    asked.append((mysql_url, "INSERT INTO t VALUES (:value)"))
    await execute(mysql_url, "CREATE TABLE t (id INTEGER)")
    for url, statement in asked:
        async with opened(url) as engine, engine.connect() as connection:
            with pytest.raises(DBAPIError) as caught:
                await connection.execute(text(statement), {"value": value})
        words = in_words(caught.value.driver_exception)
        assert words
        assert not re.search("ada|canary|example", words)


class OnMysql(Exception):
    """What the driver raises: a number and the server's words."""


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (asyncpg.ConfigurationLimitExceededError("temporary file size exceeds"), "disk_full"),
        (asyncpg.InsufficientResourcesError("no more semaphores"), "out_of_memory"),
        (asyncpg.TooManyConnectionsError("too many clients already"), "too_many_connections"),
        (asyncpg.IdleInTransactionSessionTimeoutError("terminating connection"), "timed_out"),
        (
            OnMysql(1026, 'Error writing file "x" (errno: 28 "No space left on device")'),
            "disk_full",
        ),
        (OnMysql(3, "Error writing file '/tmp/x' (Errcode: 28)"), "disk_full"),
        (OnMysql(1030, 'Got error 28 "No space left on device" from storage engine'), "disk_full"),
        (OnMysql(1021, "Disk full (/tmp/x); waiting for someone to free some space"), "disk_full"),
        (OnMysql(1290, "The server is running with the --read-only option"), "read_only"),
        (OnMysql(1836, "Running in read-only mode"), "read_only"),
        (OnMysql(1040, "Too many connections"), "too_many_connections"),
        (asyncpg.DiskFullError("could not extend file"), "disk_full"),
        (asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT"), "read_only"),
        (asyncpg.CannotConnectNowError("the database system is starting up"), "starting"),
        (OnMysql(1030, 'Got error 128 "Internal error" from storage engine'), None),
    ],
)
def test_what_a_server_lacks_is_told_apart(raised: Exception, kind: str | None) -> None:
    told = refusal(raised, "shop")
    assert (told and told.kind) == kind
