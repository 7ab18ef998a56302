"""What a run adds up is what is published, to the cent: by hand for few, by the tables for many."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from backend import store
from backend.core.glossary import Cause
from backend.database.engine import opened, transaction
from backend.results.outlook import Outlook, RunBefore, SegmentMoney
from backend.results.run_report import RunReport
from backend.store.outlook_of_run import outlook_of
from backend.store.publication import SegmentMoves
from backend.store.segment_history import HistoryFilter
from tests.conftest import NewDatabase, on_one_kind
from tests.performed import clustered_shop, perform_once
from tests.shops import AS_OF
from tests.store.test_publish import INTEGERS, columns, segment

SEGMENTS = [
    segment("regular_repeat", 1),
    segment("slipping_light", 1),
    replace(segment("repeat", 2), is_group=True),
    segment("no_orders", 1),
]
CUSTOMERS = replace(
    columns(INTEGERS),
    segment=np.array([0, 1, 3]),
    historical_micros=np.array([123_450_000, 20_000_000, 0]),
    frequency=np.array([3, 2, 0]),
    predicted_value=np.array([10.004, 30.0, np.nan]),
    churn_risk=np.array([0.1, 0.5, np.nan]),
    no_order_chance=np.array([0.0, 0.25, np.nan]),
)
BY, BORDER = Cause.BEHAVIOUR, Cause.MODEL


def moves(*ends: tuple[int, str | None, str | None, Cause]) -> SegmentMoves:
    ids, *sides = (np.array(column, dtype=object) for column in zip(*ends, strict=True))
    origins, targets, causes = sides
    return SegmentMoves(
        customer_id=ids.astype(np.int64),
        from_segment_id=origins,
        to_segment_id=targets,
        cause=causes,
    )


def test_money_is_added_up_by_segment_and_unknown_where_nobody_has_ordered() -> None:
    told = outlook_of(CUSTOMERS, SEGMENTS, moves((7, None, "regular_repeat", BY)), None)
    assert list(told.money) == [
        SegmentMoney(
            segment_id="regular_repeat",
            historical_revenue=123.45,
            expected_revenue=10.0,
            revenue_at_risk=1.0,
        ),
        SegmentMoney(
            segment_id="slipping_light",
            historical_revenue=20.0,
            expected_revenue=30.0,
            revenue_at_risk=20.0,
        ),
        SegmentMoney(
            segment_id="no_orders",
            historical_revenue=None,
            expected_revenue=None,
            revenue_at_risk=None,
        ),
    ]
    assert (told.brought, told.expected, told.at_risk) == (143.45, 40.0, 21.0)


def test_who_went_quiet_is_counted_with_what_is_at_risk_with_them() -> None:
    told = outlook_of(
        CUSTOMERS,
        SEGMENTS,
        moves(
            (12, "regular_repeat", "slipping_light", BORDER),
            (7, None, "slipping_light", BY),
            (9_000_000_000, "no_orders", None, BY),
        ),
        RunBefore(as_of=AS_OF, revenue_at_risk=3.0),
    )
    assert (told.moved.quiet, told.moved.quiet_by_border, told.moved.quiet_at_risk) == (1, 1, 20.0)
    assert (told.moved.first, told.moved.gone) == (1, 0)


def test_where_nobody_went_quiet_nothing_is_said_of_their_money() -> None:
    told = outlook_of(CUSTOMERS, SEGMENTS, moves((7, None, "slipping_light", BY)), None)
    assert (told.moved.quiet, told.moved.quiet_at_risk) == (0, None)


async def two_runs(url: str) -> None:
    """Prepare a shop that two runs have seen."""
    await clustered_shop(url)
    await perform_once(url, as_of=AS_OF + timedelta(days=30))


@on_one_kind
async def test_a_report_adds_up_what_the_tables_hold(new_database: NewDatabase) -> None:
    async with opened(new_database(two_runs)) as engine:
        async with transaction(engine) as connection:
            history = await store.read_history(connection, HistoryFilter(), limit=2)
        report = await store.read_report(engine, history[0].run_id)
    parts = [one for one in history if not one.is_group]
    now = {one.segment_id: one for one in parts if one.run_id == history[0].run_id}
    outlook = told_by(report)
    assert [one.segment_id for one in outlook.money] == [*now]
    for one in outlook.money:
        for name in ("historical_revenue", "expected_revenue", "revenue_at_risk"):
            stored = getattr(now[one.segment_id], name)
            assert getattr(one, name) == pytest.approx(stored, abs=0.005), name
    before = sum(one.revenue_at_risk or 0 for one in parts if one.run_id != history[0].run_id)
    assert outlook.before is not None
    assert outlook.before.as_of == AS_OF
    assert outlook.before.revenue_at_risk == pytest.approx(before)


def told_by(report: RunReport | None) -> Outlook:
    assert report is not None
    assert report.outlook is not None
    return report.outlook
