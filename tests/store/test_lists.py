"""Lists hold who meets all conditions, in order, each once, whatever the size of a page.

What is expected is worked out from the rows by plain Python, not by SQL.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from backend.core.errors import UnknownField
from backend.core.glossary import HeldOut
from backend.database.engine import AsyncEngine, create_engine, transaction
from backend.results.customer_filter import CONDITIONS, CustomerFilter
from backend.results.customer_numbers import AVERAGED, SHOWN, SUMMED
from backend.results.sorting import Sorting
from backend.store.lists import Totals, read_page, read_totals
from backend.store.migrate import migrate
from backend.store.tables import customer_intelligence, segment_changes, segments

START = datetime(2024, 6, 1, tzinfo=UTC)
SEGMENTS = {"loyal": "active", "new": "active", "asleep": "silent", "gone": "silent_long"}
GROUPS = {"active": None, "silent": None, "silent_long": "silent"}
Row = dict[str, Any]


def rows() -> list[Row]:
    """Invent customers with few different values, so that there are ties, and many nulls."""
    rng = np.random.default_rng(7)
    return [one_row(rng, number) for number in rng.permutation(120).tolist()]


def one_row(rng: np.random.Generator, number: int) -> Row:
    def one_of(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    return {
        "customer_id": number - 20,
        "archetype_id": one_of(*SEGMENTS),
        "archetype_name": one_of("Été", "ete", "Zoo", None),
        "status": one_of("scored", "insufficient_history", "no_orders"),
        "ltv": one_of(None, Decimal("0.00"), Decimal("10.01"), Decimal("99999.99")),
        "churn_risk": one_of(None, Decimal("0.0000"), Decimal("0.3333"), Decimal("0.5000")),
        "predicted_value": one_of(None, Decimal("1.10"), Decimal("2.20"), Decimal("300.00")),
        "predicted_orders": one_of(None, Decimal("0.1234"), Decimal("5.0000")),
        "value_at_risk": one_of(None, Decimal("0.00"), Decimal("7.77"), Decimal("7.78")),
        "historical_value": one_of(None, Decimal("0.10"), Decimal("0.20")),
        "frequency": one_of(None, 0, 1, 7),
        "recency_days": one_of(None, 0, 30, 400),
        "usual_gap_days": one_of(None, 26.49, 26.5, 0.1),
        "lost": one_of(None, True, False),
        "last_order_at": one_of(None, *days(3)),
        "first_order_at": one_of(None, *days(3)),
        "next_order_p50": one_of(None, *days(3)),
        "changed_at": one_of(*days(3)),
        "held_out_until": one_of(None, None, *days(3)),
        "run_id": "run",
    }


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=day, microseconds=day) for day in range(count)]


def moves(known: list[Row]) -> list[Row]:
    """Let some move, some twice, and see some for the first time."""
    rng = np.random.default_rng(8)
    return [
        {
            "customer_id": known[int(rng.integers(len(known)))]["customer_id"],
            "from_segment_id": (None, "loyal", "gone")[int(rng.integers(3))],
            "to_segment_id": "asleep",
            "changed_at": days(3)[int(rng.integers(3))],
            "run_id": "run",
            "cause": "behaviour",
        }
        for _ in range(60)
    ]


KNOWN = rows()
MOVES = moves(KNOWN)


@dataclass(frozen=True)
class Lists:
    """A database that holds the customers, and the loop in which it is asked."""

    engine: AsyncEngine
    runner: asyncio.Runner

    def pages(self, chosen: CustomerFilter, sorting: Sorting, limit: int) -> list[list[int]]:
        return self.runner.run(self._pages(chosen, sorting, limit))

    async def _pages(self, chosen: CustomerFilter, sorting: Sorting, limit: int) -> list[list[int]]:
        found, after, more = [], None, True
        while more:
            async with transaction(self.engine) as connection:
                page = await read_page(connection, chosen, sorting, after=after, limit=limit)
            found.append([int(str(one.customer_id)) for one in page.customers])
            after, more = page.next, page.next is not None
        return found

    def totals(self, chosen: CustomerFilter) -> Totals:
        async def read() -> Totals:
            async with transaction(self.engine) as connection:
                return await read_totals(connection, chosen)

        return self.runner.run(read())


@pytest.fixture(scope="module")
def lists(module_database_url: str) -> Iterator[Lists]:
    with asyncio.Runner() as runner:
        engine = create_engine(module_database_url)
        runner.run(_fill(engine))
        yield Lists(engine, runner)
        runner.run(engine.dispose())


async def _fill(engine: AsyncEngine) -> None:
    await migrate(engine)
    parents = {**GROUPS, **SEGMENTS}
    async with transaction(engine) as connection:
        await connection.execute(insert(customer_intelligence), KNOWN)
        await connection.execute(insert(segment_changes), MOVES)
        await connection.execute(
            insert(segments),
            [
                {
                    "id": name,
                    "parent_id": parent,
                    "is_group": int(name in GROUPS),
                    "position": place,
                    "level": 1,
                    "name": name,
                    "customer_count": 0,
                    "profile": "{}",
                    "run_id": "run",
                }
                for place, (name, parent) in enumerate(parents.items())
            ],
        )


# What each condition asks for, and whether a row meets it.
def at_least(name: str) -> Callable[[Row, Any], bool]:
    return lambda row, least: row[name] is not None and row[name] >= least


def at_most(name: str) -> Callable[[Row, Any], bool]:
    return lambda row, most: row[name] is not None and row[name] <= most


def before(name: str) -> Callable[[Row, Any], bool]:
    return lambda row, instant: row[name] is not None and row[name] < instant


def has_moved(row: Row, since: datetime) -> bool:
    return any(
        move["customer_id"] == row["customer_id"]
        and move["from_segment_id"] is not None
        and move["changed_at"] >= since
        for move in MOVES
    )


def is_in_group(row: Row, groups: tuple[str, ...]) -> bool:
    parent = SEGMENTS[row["archetype_id"]]
    return parent in groups or GROUPS[parent] in groups


def is_as_asked(row: Row, asked: HeldOut) -> bool:
    held = row["held_out_until"] is not None
    return {HeldOut.INCLUDE: True, HeldOut.EXCLUDE: not held, HeldOut.ONLY: held}[asked]


CHANCES = [Decimal("0"), Decimal("0.3333"), Decimal("0.4"), Decimal("1")]
AMOUNTS = [Decimal("0"), Decimal("2.2"), Decimal("7.78"), Decimal("99999.99")]
COUNTS = [0, 1, 30, 31, 1000]
INSTANTS = [*days(3), START - timedelta(days=1), START + timedelta(days=9)]
Meets = Callable[[Row, Any], bool]
MEANT: dict[str, tuple[list[Any], Meets]] = {
    "segment": ([("loyal",), ("new", "no such")], lambda row, some: row["archetype_id"] in some),
    "group": ([("silent",), ("active", "silent_long"), ("loyal",)], is_in_group),
    "status": ([("scored", "no_orders"), ("scored",)], lambda row, some: row["status"] in some),
    "min_churn_risk": (CHANCES, at_least("churn_risk")),
    "max_churn_risk": (CHANCES, at_most("churn_risk")),
    "min_ltv": (AMOUNTS, at_least("ltv")),
    "max_ltv": (AMOUNTS, at_most("ltv")),
    "min_predicted_value": (AMOUNTS, at_least("predicted_value")),
    "min_value_at_risk": (AMOUNTS, at_least("value_at_risk")),
    "min_frequency": (COUNTS, at_least("frequency")),
    "max_recency_days": (COUNTS, at_most("recency_days")),
    "ordered_before": (INSTANTS, before("last_order_at")),
    "first_ordered_since": (INSTANTS, at_least("first_order_at")),
    "first_ordered_before": (INSTANTS, before("first_order_at")),
    "next_order_before": (INSTANTS, before("next_order_p50")),
    "moved_since": (INSTANTS, has_moved),
    "changed_since": (INSTANTS, at_least("changed_at")),
    "held_out": ([*HeldOut], is_as_asked),
}
SORTABLE = [str(one.shown_as) for one in SHOWN]
# An order of letters is the database's own; only that it is one is said of it.
LETTERS = {"archetype.name"}


def expected(asked: dict[str, Any]) -> list[Row]:
    return [row for row in KNOWN if all(MEANT[name][1](row, asked[name]) for name in asked)]


def in_order(found: list[Row], sorting: Sorting) -> list[Row]:
    """Sort known values in the direction, ties by id in the same; unknown values last."""
    by_id = sorted(found, key=lambda row: row["customer_id"], reverse=sorting.descending)
    if sorting.by is None:
        return by_id
    name = sorting.by.name
    known = [row for row in by_id if row.get(name) is not None]
    known.sort(key=lambda row: row[name], reverse=sorting.descending)
    # Python's sort leaves ties as they are, also in reverse.
    return known + [row for row in by_id if row.get(name) is None]


def test_every_condition_is_tried() -> None:
    assert set(MEANT) == {one.name for one in CONDITIONS}


def test_each_condition_alone_and_each_pair_is_met_by_all_and_nobody_else(lists: Lists) -> None:
    pairs = [*((name,) for name in MEANT), *combinations(MEANT, 2)]
    for turn, names in enumerate(pairs):
        asked = {name: MEANT[name][0][turn % len(MEANT[name][0])] for name in names}
        found = lists.pages(CustomerFilter(**asked), Sorting.parse("customer_id"), 1000)
        assert found == [sorted(row["customer_id"] for row in expected(asked))], asked


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(MEANT)), max_size=2, unique=True))
    return {name: draw(st.sampled_from(MEANT[name][0])) for name in names}


@settings(max_examples=30, derandomize=True)
@given(
    asked=conditions(),
    name=st.sampled_from(["customer_id", *SORTABLE]),
    descending=st.booleans(),
    limit=st.integers(9, 130),
)
def test_pages_hold_the_list_in_its_order(
    lists: Lists, asked: dict[str, Any], name: str, descending: bool, limit: int
) -> None:
    sorting = Sorting.parse(f"-{name}" if descending else name)
    pages = lists.pages(CustomerFilter(**asked), sorting, limit)
    wanted = [row["customer_id"] for row in in_order(expected(asked), sorting)]
    found = [customer_id for page in pages for customer_id in page]
    assert all(len(page) == limit for page in pages[:-1])
    if name in LETTERS:
        assert sorted(found) == sorted(wanted)
    else:
        assert found == wanted


def test_who_is_left_out_for_campaigns_is_counted(lists: Lists) -> None:
    for held_out in HeldOut:
        asked: dict[str, Any] = {"segment": ("loyal",), "held_out": held_out}
        totals = lists.totals(CustomerFilter(**asked))
        of_segment = expected({"segment": ("loyal",)})
        held = sum(row["held_out_until"] is not None for row in of_segment)
        assert 0 < held < len(of_segment)
        assert totals.total == len(expected(asked))
        assert totals.left_out == (held if held_out is HeldOut.EXCLUDE else 0)


def test_totals_are_those_of_the_whole_list(lists: Lists) -> None:
    for segments_asked in ((), ("loyal",), ("no such",)):
        asked = {"segment": segments_asked} if segments_asked else {}
        totals = lists.totals(CustomerFilter(segment=segments_asked))
        found = expected(asked)
        assert totals.total == len(found)
        for one in AVERAGED:
            known = [Decimal(str(row[one.name])) for row in found if row.get(one.name) is not None]
            assert totals.known[one.name] == len(known), one.name
            mean = totals.means[one.name]
            assert (mean is None) == (not known)
            assert mean is None or abs(mean - sum(known, Decimal(0)) / len(known)) <= Decimal(
                "0.005"
            )
        for one in SUMMED:
            known = [row[one.name] for row in found if row.get(one.name) is not None]
            assert totals.sums[one.name] == sum(known), one.name


def test_a_name_that_no_number_has_cannot_sort() -> None:
    for name in ("email", "churn_risk_at_change", "", "--ltv", "ltv desc"):
        with pytest.raises(UnknownField):
            Sorting.parse(name)
