"""Many campaigns with one audience at once: the same statistics, with a further axis for each."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from backend.campaigns.arm_sums import ArmSums, WindowOutcomes
from backend.campaigns.holdout_draw import held_out_by
from backend.core.arrays import BoolArray, FloatArray, IntArray


def many_draws(strata: IntArray, share: float, count: int, rng: np.random.Generator) -> BoolArray:
    """Return who is held out, shape (count, customers): random numbers stand for hashes."""
    hashes = rng.integers(0, 2**63, (count, len(strata)))
    starts = rng.random(count)
    return np.array(
        [
            held_out_by(one, strata, share=share, start=start)
            for one, start in zip(hashes, starts, strict=True)
        ]
    )


def sums_of(outcomes: WindowOutcomes, strata: IntArray, inside: BoolArray) -> ArmSums:
    """Return the sums of each campaign's arm, by campaign and stratum.

    Parameters
    ----------
    outcomes
        Of an audience: the same in each campaign, or of shape (campaigns, customers).
    strata
        Shape (customers,).
    inside
        Shape (campaigns, customers): who is in the arm.
    """
    campaigns, kinds = len(inside), int(strata.max()) + 1
    cells = np.arange(campaigns)[:, None] * kinds + strata
    chosen = WindowOutcomes(
        **{
            field.name: np.broadcast_to(getattr(outcomes, field.name), inside.shape)[inside]
            for field in fields(WindowOutcomes)
        }
    )
    flat = ArmSums.of(chosen, cells[inside], kinds=campaigns * kinds)
    parts = {field.name: getattr(flat, field.name) for field in fields(ArmSums)}
    return ArmSums(
        **{name: part.reshape(campaigns, kinds, *part.shape[1:]) for name, part in parts.items()}
    )


def limited_to(outcomes: WindowOutcomes, limit: float | None) -> WindowOutcomes:
    """Return outcomes with huge amounts limited."""
    return outcomes if limit is None else replace(outcomes, spend=np.minimum(outcomes.spend, limit))


def more_buyers(
    outcomes: WindowOutcomes, growth: float, count: int, rng: np.random.Generator
) -> WindowOutcomes:
    """Return what as many campaigns do: a share of those who would not have bought do.

    Parameters
    ----------
    outcomes
        Without a campaign.
    growth
        That share.
    count, rng
        How many campaigns, and who decides.
    """
    reached = rng.random((count, len(outcomes.bought))) < growth
    return replace(outcomes, bought=outcomes.bought | reached)


def more_orders(
    outcomes: WindowOutcomes,
    strata: IntArray,
    growth: float,
    count: int,
    rng: np.random.Generator,
) -> WindowOutcomes:
    """Return what as many campaigns do: each stratum's customers spend so much more on average.

    A customer spends what a random buyer of the stratum spent on top, as often as that makes up the
    growth: the share of the stratum that bought times it.
    """
    buyers = np.flatnonzero(outcomes.bought)
    buyers = buyers[np.argsort(strata[buyers], kind="stable")]
    found = np.bincount(strata[buyers], minlength=int(strata.max()) + 1)
    chance = growth * found / np.bincount(strata)
    reached = rng.random((count, len(strata))) < chance[strata]
    stratum = np.broadcast_to(strata, reached.shape)[reached]
    first = np.cumsum(found) - found
    like = buyers[first[stratum] + (rng.random(len(stratum)) * found[stratum]).astype(np.int64)]
    spend: FloatArray = np.tile(outcomes.spend, (count, 1))
    spend[reached] += outcomes.spend[like]
    return replace(outcomes, spend=spend)
