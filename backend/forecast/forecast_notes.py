"""What a person should know before they rely on a forecast, as facts; `wording` says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.core.glossary import DECISIVE, Metric, Target

Scores = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True)
class NobodyCameBack:
    """All customers have the same base rate."""


@dataclass(frozen=True, slots=True)
class HistoryTooShort:
    """The forecast could not be tried on the shop's own past."""


@dataclass(frozen=True, slots=True)
class SeasonUnknown:
    """There is no record of the same season a year ago."""


@dataclass(frozen=True, slots=True)
class LeansOnRule:
    """A simple rule is mixed in.

    Attributes
    ----------
    weight
        Its share in the forecast, in (0, 1).
    """

    target: Target
    rule: str
    weight: float


@dataclass(frozen=True, slots=True)
class BeatenByRule:
    """A simple rule still does better on the shop's past."""

    target: Target
    rule: str


ForecastNote = NobodyCameBack | HistoryTooShort | SeasonUnknown | LeansOnRule | BeatenByRule


def beaten(scores: Scores, own_name: str, target: Target) -> tuple[BeatenByRule, ...]:
    """Admit it where a simple rule does better by the decisive metric.

    Parameters
    ----------
    scores
        Metrics of the forecast, under `own_name`, and of each simple rule, under its name.
    """
    metric: Metric = DECISIVE[target]
    own = scores[own_name][metric]
    better = [
        name
        for name, theirs in scores.items()
        if name != own_name
        and own is not None
        and (value := theirs[metric]) is not None
        and metric.is_better(value, own)
    ]
    return tuple(BeatenByRule(target, name) for name in better[:1])
