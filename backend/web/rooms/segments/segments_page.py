"""All segments at one date beside another, as a value. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.core.glossary import NO_ORDERS
from backend.report.segment_colours import colour_of
from backend.results.run_report import ReportHorizons
from backend.results.segment_in_run import SegmentInRun
from backend.web.figures import Figure, FigureCell, FigureSeries
from backend.web.history_of_runs import RunInHistory, by_run
from backend.web.rooms.segments.segments_map import segments_map
from backend.web.rooms.segments.segments_reads import SegmentsSeen
from backend.wording import segments_room_sentences as words
from backend.wording.dates import signed
from backend.wording.money import UNKNOWN, money_or_dash
from backend.wording.shares import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """A run that may be chosen."""

    run_id: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLine:
    """A segment in the table; of all together, without an id."""

    id: str | None
    name: str
    customers: str
    share: str
    change: str
    brought: str
    expected: str
    at_risk: str
    leaving: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentsPage:
    """All segments.

    Attributes
    ----------
    of_runs, compared_with
        Which runs are shown, of those that may be.
    lines, total
        The table, and its sum.
    sizes
        How large each is, drawn.
    map
        Where the segments of the published run live; None where another run is shown, and in
        reports that did not keep it.
    """

    about: str
    of_runs: Sequence[RunChoice]
    compared_with: Sequence[RunChoice]
    expected_head: str
    lines: Sequence[SegmentLine]
    total: SegmentLine
    sizes: Figure
    map: Figure | None


def segments_page(
    seen: SegmentsSeen, zone: tzinfo, run_id: str | None, other_id: str | None
) -> SegmentsPage | None:
    """Show all segments as one run found them, beside another.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    run_id, other_id
        Which runs; None, and runs that are not known: the latest, and the one before the first.

    Returns
    -------
    SegmentsPage | None
        None where no run has left a history.
    """
    past = by_run(seen.history)
    if not past:
        return None
    now = next((one for one in past if one.run_id == run_id), past[0])
    before = next((one for one in past if one.run_id == other_id), _one_before(past, now))
    shown = [one for one in now.parts if one.segment_id != NO_ORDERS]
    without = sum(one.customer_count for one in now.parts) - _customers(shown)
    counts = {one.segment_id: one.customer_count for one in before.parts} if before else {}
    # Called as they are now, where the published run has them still.
    lines = [_line(one, seen.names, counts, _customers(shown), seen.horizons) for one in shown]
    return SegmentsPage(
        about=f"{words.as_of(now.as_of, zone)} {words.with_orders(_customers(shown), without)}",
        of_runs=_choices(past, now, zone),
        compared_with=_choices([one for one in past if one is not now], before, zone),
        expected_head=words.expected_head(seen.horizons.prediction_days),
        lines=lines,
        total=_total(now, shown, before),
        sizes=_sizes(shown, seen.names),
        map=_map(seen, now) if now is past[0] else None,
    )


def _map(seen: SegmentsSeen, now: RunInHistory) -> Figure | None:
    currency = now.parts[0].currency if now.parts else None
    return segments_map(seen.picture, seen.names, currency)


def _one_before(past: Sequence[RunInHistory], now: RunInHistory) -> RunInHistory | None:
    place = next(at for at, one in enumerate(past) if one is now)
    return past[place + 1] if place + 1 < len(past) else None


def _customers(rows: Sequence[SegmentInRun]) -> int:
    return sum(one.customer_count for one in rows)


def _choices(
    past: Sequence[RunInHistory], chosen: RunInHistory | None, zone: tzinfo
) -> list[RunChoice]:
    return [
        RunChoice(run_id=one.run_id, name=words.run_of(one.as_of, zone), is_chosen=one is chosen)
        for one in past
    ]


def _line(
    row: SegmentInRun,
    names: Mapping[str, str],
    before: Mapping[str, int],
    customers: int,
    horizons: ReportHorizons,
) -> SegmentLine:
    churn = row.churn_risk_avg
    return SegmentLine(
        id=row.segment_id,
        name=names.get(row.segment_id, row.name),
        customers=f"{row.customer_count:,}",
        share=percent(row.customer_count / customers) if customers else UNKNOWN,
        change=_change(row.customer_count, before.get(row.segment_id, 0)) if before else UNKNOWN,
        brought=money_or_dash(row.historical_revenue, row.currency),
        expected=money_or_dash(row.expected_revenue, row.currency),
        at_risk=money_or_dash(row.revenue_at_risk, row.currency),
        leaving=UNKNOWN if churn is None else words.leaving(churn, horizons.churn_days),
    )


def _change(now: int, before: int) -> str:
    return signed(now - before)


def _total(
    now: RunInHistory, shown: Sequence[SegmentInRun], before: RunInHistory | None
) -> SegmentLine:
    customers, currency = _customers(shown), shown[0].currency if shown else None
    earlier = [one for one in before.parts if one.segment_id != NO_ORDERS] if before else None
    return SegmentLine(
        id=None,
        name=words.ALL,
        customers=f"{customers:,}",
        share=percent(1),
        change=UNKNOWN if earlier is None else _change(customers, _customers(earlier)),
        brought=money_or_dash(now.brought, currency),
        expected=money_or_dash(now.expected, currency),
        at_risk=money_or_dash(now.at_risk, currency),
        leaving="",
    )


def _sizes(shown: Sequence[SegmentInRun], names: Mapping[str, str]) -> Figure:
    named = [(names.get(one.segment_id, one.name), one.customer_count) for one in shown]
    colours = [colour_of(one.segment_id) for one in shown]
    largest = max(named, key=lambda one: one[1], default=("", 0))
    return Figure(
        kind="bar",
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
        colours=colours,
    )
