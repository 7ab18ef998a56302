"""Who is held out: by ids, salt, segments and values alone, and every kind gives its share."""

import hashlib
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.campaigns.holdout_draw import HoldoutDraw, draw
from backend.campaigns.strata import LEAST_COUNTED, LEAST_DRAWN, counted_strata
from backend.core.arrays import BoolArray, FloatArray

Audience = tuple[list[str], list[str | None], FloatArray]
"""Ids, segments and values."""

SHARES = st.floats(0.05, 0.5)
SALTS = st.text(max_size=80)
IDS = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=300, unique=True)


@st.composite
def audiences(drawing: st.DrawFn) -> Audience:
    ids = drawing(IDS)
    seed = drawing(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    segments = rng.choice(np.array(["", "a", "b", "c"]), len(ids), p=[0.1, 0.6, 0.25, 0.05])
    values = np.round(rng.lognormal(3, 1, len(ids)) * (rng.random(len(ids)) < 0.8), 1)
    values[rng.random(len(ids)) < 0.1] = np.nan
    return ids, [str(one) or None for one in segments], values


def many(count: int, *, segments: int = 5) -> Audience:
    rng = np.random.default_rng(4)
    ids = [f"customer {number}" for number in range(count)]
    named: list[str | None] = [f"segment {one}" for one in rng.integers(0, segments, count)]
    return ids, named, rng.lognormal(3, 1, count)


@settings(max_examples=40)
@given(audiences(), SHARES, SALTS)
def test_the_whole_and_every_stratum_give_their_share_to_within_one_customer(
    audience: Audience, share: float, salt: str
) -> None:
    drawn = draw(*audience, share=share, salt=salt)
    held, sizes = defaultdict[int, int](int), defaultdict[int, int](int)
    for stratum, out in zip(drawn.strata.tolist(), drawn.held_out.tolist(), strict=True):
        sizes[stratum] += 1
        held[stratum] += out
    assert abs(sum(held.values()) - share * len(audience[0])) < 1
    assert all(abs(held[one] - share * size) < 1 for one, size in sizes.items())


@settings(max_examples=40)
@given(audiences(), SHARES, SALTS)
def test_every_stratum_has_some_of_both_arms_or_is_the_only_one(
    audience: Audience, share: float, salt: str
) -> None:
    sizes = np.bincount(draw(*audience, share=share, salt=salt).strata)
    assert len(sizes) == 1 or sizes.min() * share >= LEAST_DRAWN - 1e-9


@settings(max_examples=40)
@given(audiences(), SHARES, SALTS)
def test_the_order_in_which_customers_come_has_no_say(
    audience: Audience,
    share: float,
    salt: str,
) -> None:
    ids, segments, values = audience
    order = np.random.default_rng(len(ids)).permutation(len(ids))
    drawn = draw(ids, segments, values, share=share, salt=salt)
    again = draw(
        [ids[one] for one in order],
        [segments[one] for one in order],
        values[order],
        share=share,
        salt=salt,
    )
    assert np.array_equal(again.held_out, drawn.held_out[order])
    assert np.array_equal(again.strata, drawn.strata[order])


def test_a_draw_is_what_its_rule_says_wherever_it_is_made() -> None:
    ids = [f"customer {number}" for number in range(10)]
    key = hashlib.blake2b(b"spring", digest_size=64).digest()
    walk = sorted(ids, key=lambda one: signed(one, key))
    start = int.from_bytes(hashlib.blake2b(key=key, digest_size=6).digest(), "big") / 2**48
    passes = {
        one
        for place, one in enumerate(walk)
        if (place + 1) * 0.4 + start >= 1 + int(place * 0.4 + start)
    }
    drawn = draw(ids, ["a"] * 10, np.ones(10), share=0.4, salt="spring")
    assert {one for one, out in zip(ids, drawn.held_out, strict=True) if out} == passes


def signed(customer_id: str, key: bytes) -> int:
    digest = hashlib.blake2b(customer_id.encode(), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def held_out(audience: Audience, salt: str) -> BoolArray:
    return draw(*audience, share=0.2, salt=salt).held_out


def test_campaigns_draw_independently_of_each_other() -> None:
    audience = many(20_000)
    one, other = held_out(audience, "spring"), held_out(audience, "summer")
    # Of 4,000 held out, 800 are expected to be so again, with a standard deviation of 22.6.
    assert abs(int(np.sum(one & other)) - 800) < 4 * 22.6


DRAWS, FEW = 1_000, 60


@pytest.fixture(scope="module")
def many_draws() -> BoolArray:
    """By salt and customer."""
    audience = many(FEW, segments=1)
    return np.array([held_out(audience, str(salt)) for salt in range(DRAWS)])


def test_everybody_is_held_out_by_their_share_of_salts(many_draws: BoolArray) -> None:
    # The standard deviation of a share of 1,000 draws is .0126.
    assert np.abs(many_draws.mean(axis=0) - 0.2).max() < 4 * 0.0126


def test_who_is_held_out_says_nothing_of_who_else_is(many_draws: BoolArray) -> None:
    together = np.asarray(np.corrcoef(many_draws.T))[np.triu_indices(FEW, 1)]
    # Where one of a stratum of 30 is, the others are a little less: -1 / 29; noise is .032.
    assert together.min() > -1 / 29 - 4 * 0.032
    assert together.max() < 4.5 * 0.032


@pytest.mark.parametrize("values", [[0.0] * 50, [np.nan] * 50])
def test_customers_who_are_all_alike_are_one_stratum(values: list[float]) -> None:
    ids = [str(number) for number in range(50)]
    drawn = draw(ids, ["a"] * 50, np.array(values), share=0.2, salt="s")
    assert set(drawn.strata.tolist()) == {0}
    assert drawn.held_out.sum() == 10


def test_nobody_is_drawn_from_nobody() -> None:
    drawn = draw([], [], np.array([]), share=0.2, salt="s")
    assert (len(drawn.held_out), len(drawn.strata)) == (0, 0)


@settings(max_examples=40)
@given(audiences(), SHARES, st.floats(0, 0.9))
def test_strata_that_lose_customers_join_neighbours(
    audience: Audience, share: float, lost: float
) -> None:
    drawn = draw(*audience, share=share, salt="s")
    kept = np.random.default_rng(1).random(len(audience[0])) >= lost
    left = HoldoutDraw(drawn.held_out[kept], drawn.strata[kept])
    strata = counted_strata(left.strata, left.held_out)
    arms = [np.bincount(strata[arm], minlength=1) for arm in (left.held_out, ~left.held_out)]
    assert max(len(arm) for arm in arms) <= 1 or np.min(arms) >= LEAST_COUNTED
    assert all(len(set(strata[left.strata == one])) == 1 for one in set(left.strata))
