"""Columns that are published say what Python's own numbers say, one by one, to the last digit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.core.typed_cells import TypedCells, decimals, divided, instant64
from backend.results.origins import first_order_at, last_order_at

halves = st.integers(0, 10**9).map(lambda one: one / 1000 + 0.005)
numbers = st.floats(-1e12, 1e12) | halves | st.just(float("nan"))
days = st.floats(0, 20_000) | st.integers(0, 20_000).map(float)


@given(column=st.lists(numbers, min_size=1, max_size=40), places=st.integers(0, 4))
def test_decimals_are_rounded_as_python_formats_them(column: list[float], places: int) -> None:
    found = decimals(np.array(column), places)
    wanted = [None if one != one else Decimal(f"{one:.{places}f}") for one in column]
    values = [Decimal(one).scaleb(-places) for one in found.values.tolist()]
    told = [one if known else None for one, known in zip(values, found.known, strict=True)]
    assert told == wanted


@given(
    cents=st.lists(st.integers(0, 10**15), min_size=1, max_size=40),
    by=st.integers(1, 10**5),
)
def test_a_mean_is_rounded_half_to_even(cents: list[int], by: int) -> None:
    wanted = [int((Decimal(one) / by).quantize(Decimal(1))) for one in cents]
    assert divided(np.array(cents), by).tolist() == wanted
    assert divided(np.array([5, 15, 25]), 10).tolist() == [0, 2, 2]


@given(before=st.lists(days, min_size=1, max_size=40))
def test_days_become_instants_as_timedelta_makes_them(before: list[float]) -> None:
    as_of = datetime(2026, 1, 1, 3, 4, 5, 678_901, tzinfo=UTC)
    customers = SimpleNamespace(recency_days=np.array(before), age_days=np.array(before[::-1]))
    of_each = np.full(len(before), instant64(as_of))
    publishing: Any = SimpleNamespace(as_of=of_each, customers=customers)
    wanted = [(as_of - timedelta(days=one)).replace(tzinfo=None) for one in before]
    assert last_order_at(publishing).tolist() == wanted
    assert first_order_at(publishing).tolist() == wanted[::-1]


def test_texts_that_are_none_are_unknown() -> None:
    assert TypedCells.of_texts(np.array(["a", None, ""], dtype=object)).known.tolist() == [1, 0, 1]
