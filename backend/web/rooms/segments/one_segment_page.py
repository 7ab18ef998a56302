"""One segment with all that is to be said of it, as a value. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.api.segments.details import customers_in
from backend.results.segment import Segment
from backend.results.segment_detail import Neighbour, SegmentDetail
from backend.results.segment_in_run import SegmentInRun
from backend.web.figures import Figure, FigureCell, FigureSeries
from backend.web.list_links import MovesAsked, customers_link, moves_link
from backend.web.rooms.segments.segments_reads import OneSegmentSeen
from backend.web.tile import Tile
from backend.wording import segments_room_sentences as words
from backend.wording.dates import short_day
from backend.wording.money import UNKNOWN, money_or_dash
from backend.wording.report_sentences import MEDIANS
from backend.wording.segment_sentences import carried_in_words, on_axis
from backend.wording.shares import in_a_hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalRow:
    """One median of a segment beside the shop's."""

    name: str
    here: str
    shop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSegment:
    """Another segment, by its name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class NeighbourLine:
    """How many came from a segment, or went there; the link shows who they are.

    There is none with the first run, and for groups: moves are told of what is not divided.
    """

    told: str
    link: str | None


@dataclass(frozen=True, slots=True)
class NameForm:
    """What the form for name and description holds.

    Attributes
    ----------
    refusal
        Why it was not kept; None where nobody tried.
    """

    name: str
    description: str
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSegmentPage:
    """One segment or group.

    Attributes
    ----------
    rule, how_well
        Who is in it, and how well that plain rule holds; None where nothing was measured.
    nearest
        What sets it apart from the one that is most like it.
    carried
        What is typical where one customer carries the segment's money; None where nobody does.
    form
        Its description is empty where that is the rule's own.
    """

    id: str
    name: str
    description: str | None
    about: str
    group: NamedSegment | None
    parts: Sequence[NamedSegment]
    people: str
    people_name: str
    figures: Sequence[Tile]
    carried: str | None
    rule: str
    how_well: str | None
    nearest: str | None
    typical: Sequence[TypicalRow]
    came: Sequence[NeighbourLine]
    went: Sequence[NeighbourLine]
    sizes: Figure | None
    money: Figure | None
    form: NameForm


def one_segment_page(
    seen: OneSegmentSeen, zone: tzinfo, asked: NameForm | None = None
) -> OneSegmentPage:
    """Say all of one segment.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    asked
        What was asked for and refused.
    """
    segment, rule = seen.detail, seen.detail.rule
    by_rule = segment.description in {None, rule.sentence}
    is_measured = rule.precision is not None and rule.recall is not None
    return OneSegmentPage(
        id=segment.id,
        name=segment.name,
        description=None if by_rule else segment.description,
        about=words.as_of(segment.as_of, zone),
        group=_named(segment.parent_id, seen.names),
        parts=[_of(one) for one in seen.segments if one.parent_id == segment.id],
        people=customers_link(customers_in(segment)),
        people_name=words.see_the(segment.customer_count),
        figures=_figures(seen),
        carried=carried_in_words(segment),
        rule=rule.sentence,
        how_well=words.how_well(rule.precision or 0, rule.recall or 0) if is_measured else None,
        nearest=None if segment.nearest is None else segment.nearest.sentence,
        typical=_typical(segment),
        came=[_came(seen, one) for one in segment.came_from],
        went=[_went(seen, one) for one in segment.went_to],
        sizes=_size_trend(seen.history, zone),
        money=_money_trend(seen.history, zone),
        form=asked or NameForm(segment.name, "" if by_rule else segment.description or ""),
    )


def _of(segment: Segment) -> NamedSegment:
    return NamedSegment(id=segment.id, name=segment.name)


def _named(segment_id: str | None, names: Mapping[str, str]) -> NamedSegment | None:
    if segment_id is None or segment_id not in names:
        return None
    return NamedSegment(id=segment_id, name=names[segment_id])


def _figures(seen: OneSegmentSeen) -> list[Tile]:
    one, horizons = seen.detail, seen.horizons
    churn = one.churn_risk_avg
    money = [
        (words.BROUGHT, one.historical_revenue),
        (words.expected_head(horizons.prediction_days), one.expected_revenue),
        (words.AT_RISK, one.revenue_at_risk),
    ]
    return [
        Tile(
            name=words.CUSTOMERS,
            figure=f"{one.customer_count:,}",
            beside=words.of_all_customers(one.share_of_customers),
            link=customers_link(customers_in(one)),
        ),
        *(
            Tile(name=name, figure=money_or_dash(amount, one.currency), beside="")
            for name, amount in money
        ),
        Tile(
            name=words.LEAVING,
            figure=UNKNOWN if churn is None else in_a_hundred(churn),
            beside=words.without_an_order(horizons.churn_days),
        ),
    ]


def _typical(segment: SegmentDetail) -> list[TypicalRow]:
    here, shop = segment.characteristics.by_axis(), segment.shop.by_axis()
    return [
        TypicalRow(
            name=name,
            here=_written(here[axis], axis, segment.currency),
            shop=_written(shop[axis], axis, segment.currency),
        )
        for axis, name in MEDIANS.items()
    ]


def _written(value: float | None, axis: str, currency: str | None) -> str:
    return UNKNOWN if value is None else on_axis(axis, value, currency)


def _came(seen: OneSegmentSeen, other: Neighbour) -> NeighbourLine:
    asked = MovesAsked().way(other.segment_id, seen.detail.id)
    return _neighbour(seen, other, words.NEWLY_KNOWN, asked)


def _went(seen: OneSegmentSeen, other: Neighbour) -> NeighbourLine:
    asked = MovesAsked().way(seen.detail.id, other.segment_id)
    return _neighbour(seen, other, words.GONE, asked)


def _neighbour(
    seen: OneSegmentSeen, other: Neighbour, nowhere: str, asked: MovesAsked
) -> NeighbourLine:
    place, names = other.segment_id, seen.names
    told = words.neighbour(nowhere if place is None else names.get(place, place), other.customers)
    is_told = len(seen.history) > 1 and not seen.detail.is_group
    return NeighbourLine(told, moves_link(asked) if is_told else None)


def _size_trend(history: Sequence[SegmentInRun], zone: tzinfo) -> Figure | None:
    if len(history) < 2:
        return None
    past = history[::-1]
    cells = [FigureCell(one.customer_count, f"{one.customer_count:,}") for one in past]
    return _trend(words.SIZE_TREND, past, zone, [FigureSeries(name=words.CUSTOMERS, cells=cells)])


def _money_trend(history: Sequence[SegmentInRun], zone: tzinfo) -> Figure | None:
    # What earlier runs expected within another horizon is no point of the same line.
    past = [one for one in history[::-1] if one.horizons == history[0].horizons]
    if sum(one.expected_revenue is not None for one in past) < 2:
        return None
    amounts = {
        words.EXPECTED: [one.expected_revenue for one in past],
        words.AT_RISK: [one.revenue_at_risk for one in past],
    }
    currencies = [one.currency for one in past]
    series = [
        FigureSeries(
            name=name,
            cells=[
                FigureCell(amount, money_or_dash(amount, currency))
                for amount, currency in zip(told, currencies, strict=True)
            ],
        )
        for name, told in amounts.items()
    ]
    return _trend(words.MONEY_TREND, past, zone, series)


def _trend(
    title: str, past: Sequence[SegmentInRun], zone: tzinfo, series: Sequence[FigureSeries]
) -> Figure:
    cells = series[0].cells
    return Figure(
        kind="line",
        title=title,
        described=words.trend_described(cells[0].written, cells[-1].written),
        across=words.RUN,
        places=[short_day(one.as_of, zone) for one in past],
        series=series,
        unit="count" if title == words.SIZE_TREND else "money",
    )
