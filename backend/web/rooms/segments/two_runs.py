"""Two runs side by side, segment by segment: what each number was, is, and differs by. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from backend.results.segment_in_run import SegmentInRun
from backend.web.history_of_runs import RunInHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyMeasure:
    """An amount that segments have, and all of a run together.

    Attributes
    ----------
    looks_ahead
        Whether it is about the horizons of its run, so that runs of others cannot be compared.
    is_welcome
        Whether more of it is better.
    """

    of_segment: Callable[[SegmentInRun], float | None]
    of_run: Callable[[RunInHistory], float | None]
    looks_ahead: bool
    is_welcome: bool


BROUGHT = MoneyMeasure(
    of_segment=lambda one: one.historical_revenue,
    of_run=lambda one: one.brought,
    looks_ahead=False,
    is_welcome=True,
)
EXPECTED = MoneyMeasure(
    of_segment=lambda one: one.expected_revenue,
    of_run=lambda one: one.expected,
    looks_ahead=True,
    is_welcome=True,
)
AT_RISK = MoneyMeasure(
    of_segment=lambda one: one.revenue_at_risk,
    of_run=lambda one: one.at_risk,
    looks_ahead=True,
    is_welcome=False,
)


@dataclass(frozen=True, slots=True)
class SegmentPair:
    """One segment in both runs; None where a run had no such segment: nobody was in it."""

    id: str
    name: str
    now: SegmentInRun | None
    before: SegmentInRun | None

    @property
    def more_customers(self) -> int:
        """By how many it has grown."""
        now, before = (one.customer_count if one else 0 for one in (self.now, self.before))
        return now - before


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoRuns:
    """A run, beside another.

    Attributes
    ----------
    before
        None where there is no other run.
    names
        What segments are called now; those gone since are called as they last were.
    """

    now: RunInHistory
    before: RunInHistory | None
    names: Mapping[str, str]

    @property
    def pairs(self) -> Sequence[SegmentPair]:
        """Segments whose customers have ordered: those of `now` in its order, then those gone."""
        now = {one.segment_id: one for one in self.now.with_orders}
        before = {} if self.before is None else {one.segment_id: one for one in self._before}
        return [
            SegmentPair(one, self._name(one, before | now), now.get(one), before.get(one))
            for one in (*now, *(gone for gone in before if gone not in now))
        ]

    @property
    def _before(self) -> Sequence[SegmentInRun]:
        return [] if self.before is None else self.before.with_orders

    def _name(self, segment_id: str, rows: Mapping[str, SegmentInRun]) -> str:
        return self.names.get(segment_id, rows[segment_id].name)

    @property
    def looks_alike(self) -> bool:
        """Whether both runs look as far ahead."""
        return self.before is not None and self.now.horizons == self.before.horizons

    @property
    def has_one_currency(self) -> bool:
        """Whether amounts of both are in the same, which may be unknown."""
        return self.before is not None and self.now.currency == self.before.currency

    def compares(self, measure: MoneyMeasure) -> bool:
        """Whether amounts of this kind can be set beside each other."""
        return self.has_one_currency and (self.looks_alike or not measure.looks_ahead)

    def more_of(self, measure: MoneyMeasure, pair: SegmentPair) -> float | None:
        """By how much a segment's amount differs; None where that is not known."""
        if not self.compares(measure):
            return None
        return _more(*(measure.of_segment(one) if one else 0.0 for one in (pair.now, pair.before)))

    def more_in_all(self, measure: MoneyMeasure) -> float | None:
        """By how much the amount of all together differs; None where that is not known."""
        if self.before is None or not self.compares(measure):
            return None
        return _more(measure.of_run(self.now), measure.of_run(self.before))


def _more(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before
