"""It is said where one customer carries a segment's mean."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.segments.largest_customer import carried_by_one, largest_share
from backend.wording.segment_sentences import carried_in_words
from tests.wording.test_segment_sentences import REGULARS, SPACE

# Whether a mean is a hair more or less than a tenth lower is a matter of rounding.
amounts = st.lists(st.floats(0.01, 1e8), min_size=3, max_size=60).map(np.array)


@given(amounts)
def test_one_carries_a_mean_that_is_a_tenth_lower_without_them(found: np.ndarray) -> None:
    without = np.delete(found, found.argmax()).mean() / found.mean()
    if abs(without - 0.9) > 1e-9:
        assert carried_by_one(found) == (without < 0.9)
    assert largest_share(found) == pytest.approx(found.max() / found.sum())


def test_nobody_carries_a_segment_of_customers_who_are_alike() -> None:
    assert not carried_by_one(np.full(40, 120.0))
    assert carried_by_one(np.append(np.full(40, 120.0), 99_999_999.0))


def test_of_one_or_two_the_median_says_nothing_else() -> None:
    assert not carried_by_one(np.array([5.0]))
    assert not carried_by_one(np.array([5.0, 99_999_999.0]))


def test_a_segment_that_brought_nothing_is_carried_by_nobody() -> None:
    assert largest_share(np.zeros(5)) == 0
    assert not carried_by_one(np.zeros(5))


def test_the_median_is_said_where_one_carries_the_mean_and_only_there() -> None:
    carried = replace(
        REGULARS,
        avg_ltv=1020.4,
        median_ltv=98.5,
        largest_ltv_share=0.894,
        ltv_carried_by_one=True,
        currency="EUR",
    )
    assert carried_in_words(carried) == (
        "One customer is 89 % of this segment's lifetime value: "
        f"the median is 98.50{SPACE}EUR, the mean 1,020{SPACE}EUR."
    )
    assert carried_in_words(replace(carried, ltv_carried_by_one=False)) is None
    assert carried_in_words(REGULARS) is None  # of a run that kept neither
