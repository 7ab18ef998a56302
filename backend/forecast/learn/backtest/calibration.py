"""What the trials teach: how far to spread predicted spend, and where a rule knows better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backend.core.arrays import FloatArray
from backend.forecast.learn.backtest.metrics import log_loss, normalised_gini
from backend.forecast.learn.backtest.trials import Trial, enough_buyers, enough_of_both
from backend.forecast.learn.blend import Prediction
from backend.forecast.learn.level import matching_intercept

POWERS = np.linspace(0.6, 1.3, 29)
# Spend varies like a Poisson count of this many mean spends at a time; and the pull towards 1.
SPEND_DISPERSION = 4.0
POWER_PENALTY = 200.0
RULE_WEIGHTS = (0.0, 0.25, 0.5, 0.75)
# A rule is leant on only when there is enough to judge by, it improves every trial, and their mean
# by more than chance does.
LEAST_LOG_LOSS_GAIN = 0.01
LEAST_GINI_GAIN = 0.01
# What a rule no better gains in a trial with one outcome that tells; it falls with their root.
GAIN_BY_CHANCE = 0.3


@dataclass(frozen=True, slots=True)
class Lean:
    """A simple rule that does better than the recipe on the shop's past.

    Attributes
    ----------
    rule
        Its name; None where no rule does.
    weight
        Its share in the forecast, in [0, 1).
    """

    rule: str | None = None
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Corrections learnt from the trials; without trials they change nothing.

    Attributes
    ----------
    spend_power
        Power applied to predicted spend at an unchanged total.
    value, churn
        Rules leant on for purchases and spend, and for the chance of buying.
    """

    spend_power: float = 1.0
    value: Lean = Lean()
    churn: Lean = Lean()

    def apply(self, prediction: Prediction, rules: dict[str, Prediction]) -> Prediction:
        """Correct a prediction; `rules` are the simple rules' predictions of the same buyers."""
        corrected = prediction.with_spend_power(self.spend_power)
        if self.value.rule in rules:
            corrected = mix_value(corrected, rules[self.value.rule], self.value.weight)
        if self.churn.rule in rules:
            corrected = mix_buying(corrected, rules[self.churn.rule], self.churn.weight)
        return corrected


def calibrate(trials: list[Trial]) -> Calibration:
    """Learn the corrections that would have improved the trials."""
    if not trials:
        return Calibration()
    power = _best_power(trials)
    spread = [(t, t.prediction.with_spend_power(power)) for t in trials]
    return Calibration(
        power,
        _lean_for_value(spread) if enough_buyers(trials) else Lean(),
        _lean_for_churn(spread) if enough_of_both(trials) else Lean(),
    )


def mix_value(prediction: Prediction, rule: Prediction, weight: float) -> Prediction:
    """Mix in a rule's purchases and spend; totals stay, since rules know no level."""
    return Prediction(
        prediction.customer,
        _mix(prediction.purchase_days, rule.purchase_days, weight),
        _mix(prediction.spend, rule.spend, weight),
        prediction.buy_logit,
    )


def mix_buying(prediction: Prediction, rule: Prediction, weight: float) -> Prediction:
    """Mix in a rule's log odds of buying; how many buy in all stays, since rules know no level.

    A rule that wins by the number of buyers alone has the luck of the last season.
    """
    logits = (1 - weight) * prediction.buy_logit + weight * rule.buy_logit
    logits += matching_intercept(logits, float(1 - prediction.none.mean()))
    return Prediction(prediction.customer, prediction.purchase_days, prediction.spend, logits)


def _mix(values: FloatArray, rule: FloatArray, weight: float) -> FloatArray:
    total = rule.sum()
    at_level = rule * (values.sum() / total if total else 0.0)
    return np.asarray((1 - weight) * values + weight * at_level)


def _best_power(trials: list[Trial]) -> float:
    losses = [_power_loss(t.prediction.spend, t.spend) for t in trials if t.spend.any()]
    if not losses:
        return 1.0
    penalised = np.mean(losses, axis=0) + POWER_PENALTY * (POWERS - 1) ** 2
    return float(POWERS[np.argmin(penalised)])


def _power_loss(predicted: FloatArray, actual: FloatArray) -> FloatArray:
    """Poisson deviance of spend at the actual total, for each power, up to a constant."""
    logs = np.log(predicted)
    losses = []
    for power in POWERS:
        shape = np.exp(power * (logs - logs.max()))
        expected = shape * (actual.sum() / shape.sum())
        losses.append(-(actual @ np.log(np.maximum(expected, 1e-12))))
    return np.asarray(np.array(losses) / (SPEND_DISPERSION * actual.mean()))


Scored = list[tuple[Trial, Prediction]]


def _lean_for_churn(trials: Scored) -> Lean:
    def losses(rule: str, weight: float) -> FloatArray:
        mixed = [(t, mix_buying(p, t.rules[rule], weight)) for t, p in trials]
        return np.array([log_loss(1 - m.none, t.purchase_days > 0) for t, m in mixed])

    bought = [float((t.purchase_days > 0).mean()) for t, _ in trials]
    rarer = [min(b, 1 - b) * len(t.spend) for b, (t, _) in zip(bought, trials, strict=True)]
    least = LEAST_LOG_LOSS_GAIN + _gain_by_chance(rarer)
    return _best_lean(trials, losses, lambda unmixed: least * unmixed)


def _lean_for_value(trials: Scored) -> Lean:
    sold = [(t, p) for t, p in trials if t.spend.any()]

    def losses(rule: str, weight: float) -> FloatArray:
        mixed = [(t, mix_value(p, t.rules[rule], weight)) for t, p in sold]
        return np.array([-normalised_gini(m.spend, t.spend) for t, m in mixed])

    least = LEAST_GINI_GAIN + _gain_by_chance([float((t.spend > 0).sum()) for t, _ in sold])
    return _best_lean(sold, losses, lambda _: least)


def _gain_by_chance(telling_outcomes: list[float]) -> float:
    """Trials overlap: together they tell about as much as one does."""
    outcomes = sum(telling_outcomes) / max(len(telling_outcomes), 1)
    return float(GAIN_BY_CHANCE / np.sqrt(max(outcomes, 1.0)))


def _best_lean(
    trials: Scored,
    losses: Callable[[str, float], FloatArray],
    least_gain: Callable[[float], float],
) -> Lean:
    """Lean on the rule and weight with the lowest mean loss, if it helps at every cut-off."""
    rules = set.intersection(*(set(t.rules) for t, _ in trials)) if trials else set()
    if not rules:
        return Lean()
    options = [(rule, weight) for rule in sorted(rules) for weight in RULE_WEIGHTS[1:]]
    unmixed = losses(options[0][0], 0.0)
    gains = [unmixed - losses(*option) for option in options]
    best = int(np.argmax([gain.mean() for gain in gains]))
    enough = gains[best].mean() > least_gain(float(unmixed.mean()))
    return Lean(*options[best]) if enough and np.all(gains[best] > 0) else Lean()
