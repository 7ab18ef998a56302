"""Today as a value: everything that the page says, made from what was read. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.report.told_today import TodayTold, WorthDoing, told_today
from backend.results.customer_filter import CustomerFilter
from backend.results.outlook import Outlook, RunBefore, SegmentMoney
from backend.results.segment import Segment
from backend.results.segment_in_run import SegmentInRun
from backend.segments.who_moved import who_moved
from backend.web.entrance import APP
from backend.web.figures import Figure, FigureCell, FigureSeries
from backend.web.history_of_runs import RunInHistory, by_run
from backend.web.list_links import MovesAsked, customers_link, moves_link
from backend.web.rooms.today.today_reads import TodaySeen
from backend.web.tile import Tile
from backend.wording import today_sentences as words
from backend.wording.dates import short_day, signed
from backend.wording.money import UNKNOWN, money_or_dash


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """A list worth acting on."""

    title: str
    money: str
    about: str
    link: str
    link_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """A segment in the short table."""

    id: str
    name: str
    customers: str
    expected: str
    at_risk: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayPage:
    """All that the page says.

    Attributes
    ----------
    headline, headline_link
        The one sentence to read, and its people; None where there are none.
    by_border
        How many of its people did nothing themselves; empty where all did.
    since, others, moved
        What is compared, who else moved, and where everybody who did is shown.
    notes
        What about the data may have spoilt all this, sentences.
    """

    headline: str
    by_border: str
    headline_link: str | None
    headline_link_name: str
    since: str
    others: str
    course: str
    moved: str
    tiles: Sequence[Tile]
    opportunities: Sequence[Opportunity]
    segments: Sequence[SegmentRow]
    trend: Figure | None
    notes: Sequence[str]
    notes_name: str


def today_page(seen: TodaySeen, zone: tzinfo) -> TodayPage:
    """Say what changed, what is expected, and what is worth doing.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    """
    past = by_run(seen.history)
    told = told_today(seen.report, _outlook(seen, past), seen.segments, zone)
    whom, many = _headlined(seen, told)
    return TodayPage(
        headline=told.headline,
        by_border=told.by_border,
        headline_link=customers_link(whom) if many else None,
        headline_link_name=words.see_the(many),
        since=told.since,
        others=told.others,
        course=told.course,
        moved=moves_link(MovesAsked()),
        tiles=_tiles(told),
        opportunities=[_opportunity(one) for one in told.worth_doing],
        segments=_segment_rows(seen, past),
        trend=_trend(past, seen, zone),
        notes=told.notes,
        notes_name=words.notes(len(told.notes)),
    )


def _headlined(seen: TodaySeen, told: TodayTold) -> tuple[CustomerFilter, int]:
    """Return whom the headline is about, and how many they are: the quiet, or all with orders."""
    if told.is_of_quiet and seen.quiet_totals is not None:
        return seen.quiet, seen.quiet_totals.total
    return CustomerFilter(min_frequency=1), seen.report.customers.with_orders


def _outlook(seen: TodaySeen, past: Sequence[RunInHistory]) -> Outlook:
    """Add up what is served now: somebody may have been erased since the run."""
    totals = seen.quiet_totals
    quiet, at_risk = (totals.total, float(totals.sums["value_at_risk"])) if totals else (0, None)
    before = [_run_before(one, past[0]) for one in past[1:2]]
    return Outlook(
        money=tuple(map(_money_of, past[0].parts)) if past else (),
        moved=who_moved(seen.moves, quiet, at_risk),
        before=before[0] if before else None,
    )


def _run_before(before: RunInHistory, now: RunInHistory) -> RunBefore:
    looks_alike = before.horizons == now.horizons
    return RunBefore(as_of=before.as_of, revenue_at_risk=before.at_risk if looks_alike else None)


def _money_of(row: SegmentInRun) -> SegmentMoney:
    return SegmentMoney(
        segment_id=row.segment_id,
        historical_revenue=row.historical_revenue,
        expected_revenue=row.expected_revenue,
        revenue_at_risk=row.revenue_at_risk,
    )


def _tiles(told: TodayTold) -> list[Tile]:
    links = {
        told.expected.name: customers_link(CustomerFilter(), sort="-predicted_value"),
        told.at_risk.name: customers_link(CustomerFilter()),
        told.ordering.name: moves_link(MovesAsked()),
        told.trust.name: f"{APP}/trust",
    }
    return [
        Tile(name=one.name, figure=one.figure, beside=one.beside, link=links.get(one.name))
        for one in told.figures
    ]


def _opportunity(told: WorthDoing) -> Opportunity:
    return Opportunity(
        title=told.title,
        money=told.money,
        about=told.about,
        link=customers_link(CustomerFilter(segment=(told.segment.id,))),
        link_name=words.see_the(told.segment.customer_count),
    )


def _segment_rows(seen: TodaySeen, past: Sequence[RunInHistory]) -> list[SegmentRow]:
    if not past:
        return []
    before = {one.segment_id: one.customer_count for one in past[1].parts} if past[1:] else {}
    return [_segment_row(one, before, seen.segments) for one in past[0].with_orders]


def _segment_row(
    row: SegmentInRun, before: dict[str, int], segments: Iterable[Segment]
) -> SegmentRow:
    # As it is called now: somebody may have renamed it since the run.
    names = {one.id: one.name for one in segments}
    change = row.customer_count - before.get(row.segment_id, 0) if before else None
    return SegmentRow(
        id=row.segment_id,
        name=names.get(row.segment_id, row.name),
        customers=f"{row.customer_count:,}",
        expected=money_or_dash(row.expected_revenue, None),
        at_risk=money_or_dash(row.revenue_at_risk, None),
        change=UNKNOWN if change is None else signed(change),
    )


def _trend(past: Sequence[RunInHistory], seen: TodaySeen, zone: tzinfo) -> Figure | None:
    """Draw what was expected run by run, from the second on of those that look as far ahead."""
    alike = [one for one in reversed(past) if one.horizons == past[0].horizons]
    known = [one for one in alike if one.expected is not None]
    if len(known) < 2:
        return None
    currency = seen.report.currency
    cells = [FigureCell(one.expected, money_or_dash(one.expected, currency)) for one in known]
    at_risk = [FigureCell(one.at_risk, money_or_dash(one.at_risk, currency)) for one in known]
    return Figure(
        kind="line",
        title=words.trend(seen.report.horizons.prediction_days),
        described=words.trend_described(cells[0].written, cells[-1].written),
        across=words.RUN,
        places=[short_day(one.as_of, zone) for one in known],
        series=[
            FigureSeries(name=words.EXPECTED, cells=cells),
            FigureSeries(name=words.AT_RISK, cells=at_risk),
        ],
        unit="money",
    )
