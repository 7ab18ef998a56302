"""A file that PostgreSQL writes holds the bytes that we would have written, row by row."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from backend.api.lists import unerased as unerased_module
from backend.api.lists import whole_list as whole_list_module
from backend.api.lists.list_query import ListQuery
from backend.api.lists.read_list import AskedList
from backend.api.lists.whole_list import whole_list
from backend.database.copied import rows_in, with_crlf
from backend.database.engine import opened, transaction
from backend.files.list_files import in_csv
from backend.store.tables import customer_intelligence
from tests.api.test_lists_as_files import erased_in_part, sources_of
from tests.databases import PostgresServer
from tests.performed import perform_once
from tests.shop.loose_shop import make_tables
from tests.shops import AS_OF

TABLES = {"CUSTOMERS_TABLE": "c", "ORDERS_TABLE": "o"}
START = datetime(2024, 6, 1, tzinfo=UTC)
# Of each type of ids the shop's customers, and one who left it afterwards.
IDS: dict[str, list[str]] = {
    "bigint": ["1", "2", "-3", "4", "5", "6"],
    "text": ["1", "=2", 'a"b', "c\nd", "-e", "＝8", "7,5"],  # noqa: RUF001
    "char(9)": ["a", "b", "=c", "d e", "f"],
}
# What CSV and spreadsheets make something of, and what collations or encodings might.
LETTERS = "=+-@\t\r\n,\"' 019aé＝－\\😀."  # noqa: RUF001
names = st.none() | st.text(LETTERS, max_size=6)
money = st.none() | st.decimals(0, 10**7, places=2)
floats = st.none() | st.floats(0, 1e12) | st.sampled_from([0.0, 26.0, 1e-05, 0.1, 1 / 3])
instants = st.none() | st.builds(
    lambda micros: START + timedelta(microseconds=micros),
    st.sampled_from([0, 1, 100_000, 123_456, 86_400_000_000]) | st.integers(0, 10**14),
)


@dataclass(frozen=True)
class Written:
    """A shop with one type of ids, and the loop in which it is asked."""

    runner: asyncio.Runner
    engine: Any
    sources: Any
    ids: list[str]

    def change(self, people: list[Any], numbers: list[Any]) -> None:
        self.runner.run(self._change(people, numbers))

    async def _change(self, people: list[Any], numbers: list[Any]) -> None:
        column = customer_intelligence.c.customer_id
        async with transaction(self.engine) as connection:
            for one, (email, first, last), told in zip(self.ids, people, numbers, strict=True):
                await connection.execute(
                    text(
                        "UPDATE c SET email = :email, first_name = :first, last_name = :last"
                        " WHERE CAST(id AS text) = :id"
                    ),
                    {"id": one, "email": email, "first": first, "last": last},
                )
                known = text(f"CAST({column.name} AS text) = :id").bindparams(id=one)
                await connection.execute(update(customer_intelligence).where(known).values(told))

    def both(self, *, sees_people: bool = True, **query: Any) -> tuple[bytes, bytes]:
        return self.runner.run(self._both(ListQuery(**query), sees_people=sees_people))

    async def _both(self, query: Any, *, sees_people: bool) -> tuple[bytes, bytes]:
        zone = self.sources.shop.mapping.zone
        asked = AskedList.begun(query, query.question, zone, sees_people=sees_people)
        parts: list[bytes] = []
        rows: list[Any] = []

        async def take(piece: bytes) -> None:
            parts.append(piece)

        async with whole_list(self.sources, asked) as whole:
            with pytest.MonkeyPatch.context() as patch:
                for module in (whole_list_module, unerased_module):
                    patch.delattr(module, "in_csv")  # nobody else may have written it
                await whole.write(take)
            async for page in whole.pages():
                rows += page.values(asked.columns)
        return b"".join(parts), in_csv(rows).encode()


async def _prepared(url: str, id_type: str) -> None:
    async with opened(url) as engine:
        await make_tables(
            engine,
            [
                f"CREATE TABLE c (id {id_type} PRIMARY KEY, email text, first_name varchar(99),"
                " last_name char(12))",
                f"CREATE TABLE o (id bigint, customer_id {id_type}, total_price numeric(12, 2),"
                " created_at timestamp, financial_status varchar(9))",
            ],
        )
        typed = int if id_type == "bigint" else str
        async with transaction(engine) as connection:
            for number, one in enumerate([*IDS[id_type], "99"]):
                row = {
                    "id": typed(one),
                    "number": number,
                    "at": (AS_OF - timedelta(days=9)).replace(tzinfo=None),
                }
                await connection.execute(text("INSERT INTO c (id) VALUES (:id)"), {"id": row["id"]})
                order = "INSERT INTO o VALUES (:number, :id, 10, CAST(:at AS timestamp), 'paid')"
                await connection.execute(text(order), row)
        await perform_once(url, TABLES, as_of=AS_OF)
        async with transaction(engine) as connection:
            await connection.execute(text("DELETE FROM c WHERE CAST(id AS text) = '99'"))


@pytest.fixture(scope="module", params=[*IDS])
def written(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[Written]:
    url = postgres_server.empty()
    with asyncio.Runner() as runner:
        runner.run(_prepared(url, request.param))
        stack = AsyncExitStack()
        engine = runner.run(stack.enter_async_context(opened(url)))
        yield Written(runner, engine, sources_of(url, engine, TABLES), IDS[request.param])
        runner.run(stack.aclose())
    postgres_server.drop(url)


@pytest.mark.parametrize("examples", [4, pytest.param(50, marks=pytest.mark.long)])
def test_both_ways_to_a_file_give_the_same_bytes(written: Written, examples: int) -> None:
    @settings(max_examples=examples, derandomize=True)
    @given(data=st.data())
    def gives_the_same_bytes(data: st.DataObject) -> None:
        count = len(written.ids)
        people = st.lists(st.tuples(names, names, names), min_size=count, max_size=count)
        numbers = st.fixed_dictionaries(
            {
                "archetype_name": names,
                "value_at_risk": money,
                "typical_order_value": floats,
                "usual_gap_days": floats,
                "last_order_at": instants,
                "lost": st.none() | st.booleans(),
            }
        )
        written.change(
            data.draw(people), data.draw(st.lists(numbers, min_size=count, max_size=count))
        )
        query: dict[str, Any] = {
            "sort": data.draw(st.sampled_from(["-value_at_risk", "last_order_at"]))
        }
        if data.draw(st.booleans()):
            query["min_value_at_risk"] = data.draw(st.sampled_from([0.0, 99.99]))
        if data.draw(st.booleans()):
            query["fields"] = ["last_name", "archetype.name", "last_order_at"]
        by_postgres, by_us = written.both(**query)
        assert by_postgres == by_us

    gives_the_same_bytes()


def test_names_are_nobodys_where_they_may_not_be_seen(written: Written) -> None:
    people = [("a@example.org", "Ada", "Example")] * len(written.ids)
    written.change(people, [{"lost": True}] * len(written.ids))
    told, _ = written.both(fields=["email", "lost"])
    masked, by_us = written.both(fields=["email", "lost"], sees_people=False)
    assert told.count(b"a@example.org") == len(written.ids)
    assert masked == by_us
    assert b"example.org" not in masked
    assert len(masked.splitlines()) >= len(written.ids) + 1


def test_who_is_erased_is_in_no_file(written: Written) -> None:
    people = [("a@example.org", one, None) for one in written.ids]
    written.change(people, [{"lost": True}] * len(written.ids))
    before, _ = written.both(fields=["first_name"])
    erased = written.ids[1]

    written.runner.run(erased_in_part(written.engine, erased))
    after, by_us = written.both(fields=["first_name"])
    assert after == by_us
    assert in_csv([(erased, erased)]).encode() in before
    assert in_csv([(erased, erased)]).encode() not in after


@pytest.mark.parametrize(
    ("rows", "ended", "count"),
    [
        (b'1,a\n2,"b\nc"\n', b'1,a\r\n2,"b\nc"\r\n', 2),
        (b'"""\n""",x\n"",\n', b'"""\n""",x\r\n"",\r\n', 2),
        (b'1,"b\r\nc"\n', b'1,"b\r\nc"\r\n', 1),
        (b"", b"", 0),
    ],
)
def test_only_what_ends_a_row_is_another_end(rows: bytes, ended: bytes, count: int) -> None:
    assert with_crlf(rows) == ended
    assert rows_in(ended) == count
