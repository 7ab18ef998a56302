"""All segments at one date beside another, as a value. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.report.segment_colours import colour_of
from backend.results.segment_in_run import SegmentInRun
from backend.web.figures import Figure, FigureCell, FigureSeries
from backend.web.history_of_runs import RunInHistory
from backend.web.list_links import MovesAsked, moves_link
from backend.web.rooms.segments.runs_offered import ChoiceGroup, choices, offered
from backend.web.rooms.segments.segments_map import segments_map
from backend.web.rooms.segments.segments_reads import ComparedSeen
from backend.web.rooms.segments.two_runs import (
    AT_RISK,
    BROUGHT,
    EXPECTED,
    MoneyMeasure,
    SegmentPair,
    TwoRuns,
)
from backend.web.rooms.segments.what_changed import ChangeTold, what_changed
from backend.wording import segments_compared_sentences as compared_words
from backend.wording import segments_room_sentences as words
from backend.wording.dates import signed
from backend.wording.money import UNKNOWN, money_or_dash, signed_money
from backend.wording.shares import hundredths, in_a_hundred, percent

GOOD, BAD = "good", "bad"


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """A number, and by how much it differs from then.

    Attributes
    ----------
    change
        "" where nothing is compared.
    tone
        "good" or "bad" where the difference is one; else "".
    """

    figure: str
    change: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLine:
    """A segment in the table; of all together, and of those gone since, without an id."""

    id: str | None
    name: str
    share: str
    customers: ComparedFigure
    brought: ComparedFigure
    expected: ComparedFigure
    at_risk: ComparedFigure
    leaving: ComparedFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentsPage:
    """All segments.

    Attributes
    ----------
    of_runs, compared_with
        Which runs are shown, of those that may be.
    change
        What differs between the two; None where there is one alone.
    moved
        Who moved between them; None where that is not known.
    lines, total
        The table, and its sum.
    sizes
        How large each is, drawn.
    map
        Where the segments live; None where the run kept its sums alone.
    """

    about: str
    of_runs: Sequence[ChoiceGroup]
    compared_with: Sequence[ChoiceGroup]
    change: ChangeTold | None
    moved: str | None
    expected_head: str
    lines: Sequence[SegmentLine]
    total: SegmentLine
    sizes: Figure
    map: Figure | None


def segments_page(seen: ComparedSeen, zone: tzinfo) -> SegmentsPage | None:
    """Show all segments as one run found them, beside another.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.

    Returns
    -------
    SegmentsPage | None
        None where the run found nobody.
    """
    now, before = seen.now, seen.before
    if now is None:
        return None
    # Called as they are now, where the published run has them still.
    names = {one.id: one.name for one in seen.segments}
    both = TwoRuns(now=now, before=before, names=names)
    other_id = None if before is None else before.run_id
    runs = offered(seen.comparable, [now.run_id, other_id], zone)
    without = sum(one.customer_count for one in now.parts) - now.customers
    return SegmentsPage(
        about=f"{words.as_of(now.as_of, zone)} {words.with_orders(now.customers, without)}",
        of_runs=choices(runs, now.run_id, zone),
        compared_with=choices([one for one in runs if one.run_id != now.run_id], other_id, zone),
        change=what_changed(both, zone),
        moved=_moved(seen),
        expected_head=words.expected_head(now.prediction_days),
        lines=[_line(both, one) for one in both.pairs],
        total=_total(both),
        sizes=_sizes(now, names),
        map=segments_map(seen.picture, names, now.currency),
    )


def _moved(seen: ComparedSeen) -> str | None:
    """Return where it is shown who moved from the earlier of two published runs to the later."""
    if seen.now is None or seen.before is None:
        return None
    kept = {one.run_id for one in seen.comparable if one.has_moves}
    first, last = sorted((seen.now, seen.before), key=lambda one: one.published_at)
    if not kept.issuperset({first.run_id, last.run_id}):
        return None
    return moves_link(MovesAsked(run=last.run_id, before=first.run_id))


def _line(both: TwoRuns, pair: SegmentPair) -> SegmentLine:
    now, customers = pair.now, both.now.customers
    count = now.customer_count if now else 0
    change = pair.more_customers if both.before else None

    def money(measure: MoneyMeasure) -> ComparedFigure:
        amount = None if now is None else measure.of_segment(now)
        return _money(measure, amount, both.more_of(measure, pair), both)

    return SegmentLine(
        id=None if now is None else pair.id,
        name=pair.name,
        share=percent(count / customers) if customers else UNKNOWN,
        customers=_count(count, change),
        brought=money(BROUGHT),
        expected=money(EXPECTED),
        at_risk=money(AT_RISK),
        leaving=_leaving(both, _risk(now), _risk(pair.before)),
    )


def _total(both: TwoRuns) -> SegmentLine:
    now, before = both.now, both.before

    def money(measure: MoneyMeasure) -> ComparedFigure:
        return _money(measure, measure.of_run(now), both.more_in_all(measure), both)

    return SegmentLine(
        id=None,
        name=words.ALL,
        share=percent(1),
        customers=_count(
            now.customers, None if before is None else now.customers - before.customers
        ),
        brought=money(BROUGHT),
        expected=money(EXPECTED),
        at_risk=money(AT_RISK),
        leaving=_leaving(both, now.leaving, None if before is None else before.leaving),
    )


def _count(count: int, change: int | None) -> ComparedFigure:
    return ComparedFigure(f"{count:,}", "" if change is None else _or_same(signed(change)))


def _money(
    measure: MoneyMeasure, amount: float | None, more: float | None, both: TwoRuns
) -> ComparedFigure:
    figure = money_or_dash(amount, both.now.currency)
    if more is None:
        return ComparedFigure(figure)
    change = round(more, 2)
    tone = "" if not change else GOOD if (change > 0) is measure.is_welcome else BAD
    return ComparedFigure(figure, _or_same(signed_money(change, None)), tone)


def _risk(row: SegmentInRun | None) -> float | None:
    return None if row is None else row.churn_risk_avg


def _leaving(both: TwoRuns, now: float | None, before: float | None) -> ComparedFigure:
    if now is None:
        return ComparedFigure(UNKNOWN)
    horizons = both.now.horizons
    figure = words.leaving(now, horizons.churn_days) if horizons else in_a_hundred(now)
    if before is None or not both.looks_alike:
        return ComparedFigure(figure)
    # As both are told: in whole hundredths.
    change = hundredths(now) - hundredths(before)
    told = compared_words.in_hundredths(change) if change else compared_words.SAME
    return ComparedFigure(figure, told, "" if not change else BAD if change > 0 else GOOD)


def _or_same(change: str) -> str:
    return compared_words.SAME if change == "0" else change


def _sizes(now: RunInHistory, names: Mapping[str, str]) -> Figure:
    shown = now.with_orders
    named = [(names.get(one.segment_id, one.name), one.customer_count) for one in shown]
    largest = max(named, key=lambda one: one[1], default=("", 0))
    return Figure(
        kind="rows",
        title=words.SIZES,
        described=words.sizes_described(*largest),
        across=words.SEGMENT,
        places=[name for name, _ in named],
        series=[
            FigureSeries(
                name=words.CUSTOMERS, cells=[FigureCell(count, f"{count:,}") for _, count in named]
            )
        ],
        unit="count",
        colours=[colour_of(one.segment_id) for one in shown],
    )
