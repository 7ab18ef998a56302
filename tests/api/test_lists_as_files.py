"""A list as a file is whole and of one run, or visibly neither."""

import asyncio
import re
import socket
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from backend.api.lists import whole_list as whole_list_module
from backend.api.lists.list_query import ListQuery
from backend.api.lists.read_list import AskedList
from backend.api.lists.whole_list import ListPage, whole_list
from backend.cli.list_commands import Sources
from backend.core.customer_id import CustomerId
from backend.core.errors import ExportRefused
from backend.core.settings import IsolatedSettings
from backend.database.engine import AsyncEngine, libpq_uri, opened, parse_url, transaction
from backend.files import list_files
from backend.files.list_files import FileColumn, list_file
from backend.results.declared import Label
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.store.departures import tell_erased
from backend.store.migrate import migrate
from backend.store.tables import customer_intelligence
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, command, serving
from tests.performed import CLUSTERED_CUSTOMERS, NO_WORKER, clustered, clustered_shop, config_of
from tests.shops import AS_OF, VARIABLES, fill, invented
from tests.waiting import wait_until

LIST = "/api/mcp/customers"
KEY = {"X-API-Key": API_KEY}


def sources_of(url: str, engine: AsyncEngine, variables: Mapping[str, str] = VARIABLES) -> Sources:
    settings = IsolatedSettings.load(database_url=url, api_key="key", admin_api_key=ADMIN_KEY)
    shop = Shop(load_mapping(variables, settings.shop_database))
    return Sources(engine, engine, engine, shop)


async def test_a_file_goes_on_with_its_run_while_another_is_published(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_list_module, "ROWS_OF_A_PAGE", 9)
    url = new_database(clustered_shop)
    async with opened(url) as engine:
        sources = sources_of(url, engine)
        query = ListQuery(sort="-ltv")
        asked = AskedList.begun(query, query.question, sources.shop.mapping.zone, sees_people=True)
        found: list[dict[str, Any]] = []
        async with whole_list(sources, asked) as whole:
            assert whole.published is not None
            following = whole.pages()
            found += told(await anext(following), asked)
            await clustered(engine, url, as_of=AS_OF)
            listed = {int(row["customer_id"]) for row in found}
            erased = await _erased_since(engine, listed)
            async for page in following:
                found += told(page, asked)
    assert {row["run_id"] for row in found} == {whole.published.run_id}
    everybody = set(range(1, CLUSTERED_CUSTOMERS + 1))
    assert sorted(int(row["customer_id"]) for row in found) == sorted(everybody - {erased})
    known = [row["ltv"] for row in found if row["ltv"] is not None]
    assert known == sorted(known, reverse=True)
    assert all(row["email"] for row in found)


def told(page: ListPage, asked: AskedList) -> list[dict[str, Any]]:
    names = asked.columns.names
    return [dict(zip(names, values, strict=True)) for values in page.values(asked.columns)]


async def _erased_since(engine: AsyncEngine, listed: set[int]) -> int:
    """Erase somebody whose turn is still to come."""
    other = max(set(range(1, CLUSTERED_CUSTOMERS + 1)) - listed)
    await erased_in_part(engine, str(other))
    return other


async def erased_in_part(engine: AsyncEngine, customer_id: str) -> None:
    """Erase somebody as far as an erasure comes while a run is publishing: the rows wait."""
    async with transaction(engine) as connection:
        await tell_erased(connection, [CustomerId(customer_id)], AS_OF)


async def test_whose_rows_wait_to_be_deleted_is_in_no_file(new_database: NewDatabase) -> None:
    url = new_database(clustered_shop)
    async with opened(url) as engine:
        sources = sources_of(url, engine)
        query = ListQuery(fields=["email"])
        asked = AskedList.begun(query, query.question, sources.shop.mapping.zone, sees_people=True)
        before = await _rows_written(sources, asked)
        await erased_in_part(engine, "7")
        assert sorted(await _rows_written(sources, asked)) == sorted(
            before - {"7,person7@example.com"}
        )


async def _rows_written(sources: Sources, asked: AskedList) -> set[str]:
    parts: list[bytes] = []

    async def take(piece: bytes) -> None:
        parts.append(piece)

    async with whole_list(sources, asked) as whole:
        await whole.write(take)
    rows = b"".join(parts).decode().splitlines()
    assert len(rows) == len({*rows})
    return {*rows}


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Keep everybody from reading a SQLite file."""
    with closing(sqlite3.connect(str(parse_url(url).database), isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture
def apart(new_sqlite: NewDatabase) -> tuple[str, dict[str, str]]:
    """Give a shop that can be locked, and the variables of a service whose tables are elsewhere."""
    ours, theirs = new_sqlite(), new_sqlite()
    wait_for(fill(theirs, invented(40)))
    wait_for(_clustered_apart(ours, theirs))
    patient = {"API_STATEMENT_SECONDS": "60", "INTELLIGENCE_DATABASE_URL": ours}
    return theirs, {**NO_WORKER, **patient}


async def _clustered_apart(ours: str, theirs: str) -> None:
    async with opened(ours) as engine:
        await migrate(engine)
        config = config_of(theirs, intelligence_url=ours)
        await clustered(engine, theirs, config, as_of=AS_OF)


def test_a_file_that_loses_the_shop_says_why_and_breaks_off(
    new_postgres: NewDatabase, tmp_path: Path
) -> None:
    url = new_postgres(clustered_shop)
    parts: list[str] = []
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        with (
            asyncio.Runner() as runner,
            locked_on_postgres(url, runner),
            pytest.raises(httpx.RemoteProtocolError),
        ):
            read_into(parts, live)
        head, last = "".join(parts).splitlines()
        assert head.startswith("customer_id,email")
        assert "# This file is not whole. The shop database" in last
        whole = live.client.get(LIST, params={"format": "csv"}, headers=KEY)
        assert len(whole.text.splitlines()) == CLUSTERED_CUSTOMERS + 1


def read_into(parts: list[str], live: Live) -> None:
    """Read a file as it comes."""
    with live.client.stream("GET", LIST, params={"format": "csv"}, headers=KEY) as answer:
        assert answer.status_code == 200
        parts.extend(answer.iter_text())


@contextmanager
def locked_on_postgres(url: str, runner: asyncio.Runner) -> Iterator[None]:
    """Keep everybody from reading the shop's customers."""
    holder = runner.run(asyncpg.connect(libpq_uri(parse_url(url))))
    runner.run(holder.execute("BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
    try:
        yield
    finally:
        runner.run(holder.close())


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.external)])
def test_a_file_that_nobody_reads_ends_and_never_looks_whole(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    new_one: NewDatabase = request.getfixturevalue(f"new_{kind}")
    url = new_one(clustered_shop)
    wait_for(execute(url, *many_more()))
    with serving(url, tmp_path, variables={**NO_WORKER, "EXPORT_SECONDS": "1"}) as live:
        host, port = live.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as reader:
            reader.sendall(
                f"GET {LIST}?format=csv HTTP/1.1\r\nHost: {host}\r\n"
                f"X-API-Key: {API_KEY}\r\n\r\n".encode()
            )
            wait_until(lambda: "a file breaks off" in live.log.read_text(), live.log.read_text)
            with reader.makefile("rb") as file:
                sent = file.read()
        assert sent.startswith(b"HTTP/1.1 200 OK")
        assert not sent.endswith(b"0\r\n\r\n")  # what ends a chunked answer
        assert b"EXPORT_SECONDS" in sent[-1000:]
        assert "EXPORT_SECONDS" in live.log.read_text()
        # A busy machine may take a second for a short one too.
        shorter = {"format": "csv", "segment": "nobody"}
        wait_until(
            lambda: live.client.get(LIST, params=shorter, headers=KEY).status_code == 200,
            live.log.read_text,
        )


def test_who_stops_reading_takes_no_connection_along(
    new_postgres: NewDatabase, tmp_path: Path
) -> None:
    url = new_postgres(clustered_shop)
    wait_for(execute(url, *many_more()))
    with serving(url, tmp_path, variables={**NO_WORKER, "HEAVY_READS": "1"}) as live:

        def begins() -> bool:
            with live.client.stream("GET", LIST, params={"format": "csv"}, headers=KEY) as answer:
                return next(answer.iter_bytes()).startswith(b"customer_id")

        for _ in range(3):
            wait_until(begins, live.log.read_text)
        file = {"format": "csv", "max_recency_days": "0"}
        wait_until(
            lambda: live.client.get(LIST, params=file, headers=KEY).status_code == 200,
            live.log.read_text,
        )
        assert "Traceback" not in live.log.read_text()


def test_a_file_that_cannot_be_noted_is_not_given(
    new_postgres: NewDatabase, tmp_path: Path
) -> None:
    url = new_postgres(clustered_shop)
    name = parse_url(url).database
    wait_for(execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    variables = {**NO_WORKER, "AUTO_MIGRATE": "false"}
    with serving(url, tmp_path, variables=variables) as live:
        for path in (f"{LIST}?format=csv", "/api/admin/customers/4/export"):
            refused = live.get(path, ADMIN_KEY)
            assert (refused.status_code, refused.json()["kind"]) == (503, "read_only")
            assert "person" not in refused.text
        for path in (LIST, f"{LIST}/4", "/api/mcp/segments"):
            assert live.get(path).status_code == 200
    done = command(url, tmp_path, "export", "--out", "all.csv", variables=variables)
    assert done.returncode == 2
    assert "read-only" in done.stderr
    assert list(tmp_path.glob("*all.csv*")) == []


def many_more() -> list[str]:
    """Return what makes a list longer than what two sockets hold."""
    columns = [one.name for one in customer_intelligence.c if one.name != "customer_id"]
    named = ", ".join(columns)
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1000 UNION ALL SELECT x + 1 FROM n WHERE x < 60000)"
    return [
        f"INSERT INTO customer_intelligence (customer_id, {named}) {numbers} "
        f"SELECT x, {named} FROM n, (SELECT {named} FROM customer_intelligence LIMIT 1) AS one"
    ]


def test_what_takes_long_has_so_many_places(
    apart: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    theirs, variables = apart
    with serving(theirs, tmp_path, variables={**variables, "HEAVY_READS": "1"}) as live:
        with live.client.stream("GET", LIST, params={"format": "csv"}, headers=KEY) as whole:
            whole.read()
        with holding_a_place(live, theirs) as text:
            for refused in (looked_up(live), live.get(f"{LIST}/search?query=person")):
                assert refused.status_code == 429
                assert refused.headers["Retry-After"] == "5"
                assert "HEAVY_READS" in refused.json()["detail"]
            file = live.client.get(LIST, params={"format": "csv"}, headers=KEY)
            assert file.status_code == 429
            assert live.get("/api/mcp/segments").status_code == 200
        assert "".join(text) == whole.text
        audit = live.get("/api/admin/audit", ADMIN_KEY).json()["entries"]
        assert [one["action"] for one in audit] == ["list_exported"] * 3  # and not what was refused
        assert looked_up(live).status_code == 200


@contextmanager
def holding_a_place(live: Live, theirs: str) -> Iterator[list[str]]:
    """Read a file that waits for the shop meanwhile; what came of it is there in the end."""
    text: list[str] = []
    with live.client.stream("GET", LIST, params={"format": "csv"}, headers=KEY) as _warm:
        _warm.read()
    lock = locked(theirs)
    lock.__enter__()
    with live.client.stream("GET", LIST, params={"format": "csv"}, headers=KEY) as answer:
        yield text
        lock.__exit__(None, None, None)
        text += answer.iter_text()


def looked_up(live: Live) -> httpx.Response:
    return live.client.post(f"{LIST}/batch", json={"ids": ["4"]}, headers=KEY)


def test_a_command_that_takes_too_long_leaves_no_file(
    new_postgres: NewDatabase, tmp_path: Path
) -> None:
    url = new_postgres(clustered_shop)
    with asyncio.Runner() as runner, locked_on_postgres(url, runner):
        bounded = {"EXPORT_SECONDS": "1"}
        done = command(url, tmp_path, "export", "--out", "all.csv", variables=bounded)
    assert done.returncode == 1
    assert "EXPORT_SECONDS" in done.stderr.replace("\n", " ")
    assert list(tmp_path.glob("*all.csv*")) == []


def test_a_workbook_holds_as_many_rows_as_a_sheet_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_files.ROWS_OF_A_SHEET == 2**20  # as Excel documents it
    monkeypatch.setattr(list_files, "ROWS_OF_A_SHEET", 4)
    columns, path = [FileColumn("customer_id", Label(255))], tmp_path / "list.xlsx"
    with list_file(path, columns) as write:
        write([["1"], ["2"], ["3"]])
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall("<t>(.*?)</t>", sheet) == ["customer_id", "1", "2", "3"]
    with (
        pytest.raises(ExportRefused, match="more rows than a sheet can hold"),
        list_file(tmp_path / "larger.xlsx", columns) as write,
    ):
        write([["1"], ["2"], ["3"], ["4"]])
    assert [file.name for file in tmp_path.iterdir()] == ["list.xlsx"]
