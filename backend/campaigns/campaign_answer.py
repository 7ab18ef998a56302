"""A campaign's answer from its draw and what its customers did: arrays in, one result out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.campaigns.arm_sums import ArmSums, WindowOutcomes
from backend.campaigns.arms_alike import SUSPICIOUS_RATIO, balance_of, ratio_p_value
from backend.campaigns.differences import (
    COVERAGE,
    Difference,
    adjusted_difference,
    buyers_difference,
    spend_difference,
    weights_of,
)
from backend.campaigns.limited_spend import limited
from backend.campaigns.strata import LEAST_COUNTED, counted_strata
from backend.core.arrays import BoolArray, FloatArray, IntArray
from backend.results.campaign import (
    ArmMeans,
    ArmSizes,
    ArmTold,
    BroughtIn,
    CampaignAnswer,
    CampaignEffects,
    Effect,
    Goal,
    SegmentEffect,
    Verdict,
)

# Fewer of an arm in a segment tell nothing about it, and cost all others a wider interval.
LEAST_IN_SEGMENT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAtStart:
    """What was settled when a campaign started, and does not change.

    Attributes
    ----------
    goal
        What the verdict is about.
    drawn
        Customers of each arm; who is not among the counted any more is missing.
    spend_limit
        What one customer's spend counts for at most, currency units; None: no limit.
    """

    goal: Goal
    drawn: ArmSizes
    spend_limit: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCustomers:
    """Customers of a draw who can still be counted, arrays of shape (customers,).

    Attributes
    ----------
    held_out, strata
        As drawn.
    segments
        Of each at the start, by id; None of who was in none.
    outcomes
        What they did in the outcome window; `forecast` as of its start.
    known_before
        Numbers of the start beside the forecast, by name; NaN where one was not known.
    """

    held_out: BoolArray
    strata: IntArray
    segments: NDArray[np.object_]
    outcomes: WindowOutcomes
    known_before: Mapping[str, FloatArray]

    @property
    def sizes(self) -> ArmSizes:
        """How many of each arm are counted."""
        held_out = int(np.sum(self.held_out))
        return ArmSizes(treated=len(self.held_out) - held_out, held_out=held_out)

    def only(self, inside: BoolArray) -> CountedCustomers:
        """Return some of them."""
        return CountedCustomers(
            held_out=self.held_out[inside],
            strata=self.strata[inside],
            segments=self.segments[inside],
            outcomes=self.outcomes.only(inside),
            known_before={name: values[inside] for name, values in self.known_before.items()},
        )


def answer(
    counted: CountedCustomers,
    fixed: FixedAtStart,
    *,
    cost: float | None,
    counted_at: datetime,
    final: bool,
) -> CampaignAnswer:
    """Say what a campaign brought.

    Parameters
    ----------
    counted
        Its customers.
    fixed
        What was settled when it started.
    cost
        Of the whole campaign, currency units; None where it was not given.
    counted_at, final
        As the answer says them.
    """
    held_out, bought = counted.held_out, counted.outcomes.bought
    compared = _Compared.of(counted, fixed.spend_limit)
    effects = compared and _effects(compared, fixed, counted.sizes.treated, cost)
    known = {"forecast": counted.outcomes.forecast, **counted.known_before}
    ratio = ratio_p_value(fixed.drawn, counted.sizes)
    return CampaignAnswer(
        final=final,
        counted_at=counted_at,
        goal=fixed.goal,
        verdict=_verdict(effects, fixed.goal, ratio),
        treated=_told(bought[~held_out], fixed.drawn.treated, compared and compared.treated),
        held_out=_told(bought[held_out], fixed.drawn.held_out, compared and compared.held_out),
        effects=effects,
        segments=_by_segment(counted, fixed.spend_limit),
        ratio_p_value=ratio,
        balance=dict(balance_of(known, held_out)),
    )


class _Arms(NamedTuple):
    treated: ArmSums
    held_out: ArmSums

    @classmethod
    def of(cls, counted: CountedCustomers, outcomes: WindowOutcomes) -> _Arms:
        held_out = counted.held_out
        strata = counted_strata(counted.strata, held_out)
        kinds = int(strata.max(initial=0)) + 1
        arms = (
            ArmSums.of(outcomes.only(arm), strata[arm], kinds=kinds)
            for arm in (~held_out, held_out)
        )
        return cls(*arms)


class _Compared(NamedTuple):
    """Both arms, with every cent and with limited amounts."""

    whole: _Arms
    capped: _Arms

    @classmethod
    def of(
        cls, counted: CountedCustomers, limit: float | None, least: int = LEAST_COUNTED
    ) -> _Compared | None:
        """Sum up; None where an arm has fewer than `least` customers."""
        if min(counted.sizes.treated, counted.sizes.held_out) < least:
            return None
        outcomes = counted.outcomes
        capped = replace(outcomes, spend=limited(outcomes.spend, limit))
        return cls(_Arms.of(counted, outcomes), _Arms.of(counted, capped))

    @property
    def treated(self) -> ArmMeans:
        """Means of the treated."""
        return _means(*self.whole, self.capped.treated)

    @property
    def held_out(self) -> ArmMeans:
        """Means of those held out."""
        return _means(self.whole.held_out, self.whole.treated, self.capped.held_out)


def _effects(
    compared: _Compared, fixed: FixedAtStart, treated: int, cost: float | None
) -> CampaignEffects:
    whole, capped = compared
    plain, adjusted = _effect(spend_difference(*capped)), _effect(adjusted_difference(*capped))
    return CampaignEffects(
        buyers=_effect(buyers_difference(*whole)),
        spend=_effect(spend_difference(*whole)),
        adjusted_spend=_effect(adjusted_difference(*whole)),
        limited_spend=plain,
        limited_adjusted_spend=adjusted,
        spend_limit=fixed.spend_limit,
        precision_gain=1 - adjusted.width / plain.width if plain.width > 0 else None,
        brought_in=_brought_in(adjusted, treated, cost),
    )


def _means(arm: ArmSums, other: ArmSums, capped: ArmSums) -> ArmMeans:
    weights = weights_of(arm, other)
    spend, forecast = weights @ arm.means
    return ArmMeans(
        buying_share=float(weights @ arm.buying.mean),
        spend=float(spend),
        limited_spend=float((weights @ capped.means)[0]),
        forecast=float(forecast),
    )


def _effect(difference: Difference, coverage: float = COVERAGE) -> Effect:
    return Effect(
        difference=float(difference.value),
        low=float(difference.low),
        high=float(difference.high),
        coverage=coverage,
    )


def _verdict(effects: CampaignEffects | None, goal: Goal, ratio: float | None) -> Verdict:
    if ratio is not None and ratio < SUSPICIOUS_RATIO:
        return Verdict.UNEVEN_LOSS
    if effects is None:
        return Verdict.CANNOT_TELL
    return effects.of(goal).verdict


def _brought_in(effect: Effect, treated: int, cost: float | None) -> BroughtIn:
    value = effect.difference * treated
    return BroughtIn(
        value=value,
        low=effect.low * treated,
        high=effect.high * treated,
        cost=cost,
        per_cost=value / cost if cost else None,
    )


def _told(bought: BoolArray, drawn: int, means: ArmMeans | None) -> ArmTold:
    return ArmTold(
        drawn=drawn, missing=drawn - len(bought), buyers=int(np.sum(bought)), means=means
    )


def _by_segment(counted: CountedCustomers, limit: float | None) -> tuple[SegmentEffect, ...]:
    """Look at each segment that is large enough; the more there are, the wider the intervals."""
    ids = sorted({one for one in counted.segments if one is not None})
    parts = [(one, counted.only(counted.segments == one)) for one in ids]
    telling = [
        (one, part.sizes, compared)
        for one, part in parts
        if (compared := _Compared.of(part, limit, LEAST_IN_SEGMENT)) is not None
    ]
    coverage = 1 - (1 - COVERAGE) / max(len(telling), 1)
    return tuple(
        SegmentEffect(
            segment_id=one,
            counted=sizes,
            buyers=_effect(buyers_difference(*compared.whole, coverage), coverage),
            spend=_effect(adjusted_difference(*compared.capped, coverage), coverage),
        )
        for one, sizes, compared in telling
    )
