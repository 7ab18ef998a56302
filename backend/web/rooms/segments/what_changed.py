"""What changed between two runs, in sentences and as a chart. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.web.figures import Figure, FigureCell, FigureSeries
from backend.web.rooms.segments.two_runs import (
    AT_RISK,
    BROUGHT,
    EXPECTED,
    MoneyMeasure,
    SegmentPair,
    TwoRuns,
)
from backend.wording import segments_compared_sentences as words
from backend.wording import segments_room_sentences as room_words
from backend.wording.dates import signed
from backend.wording.money import UNKNOWN, signed_money


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTold:
    """What changed.

    Attributes
    ----------
    title
        With which run this one is compared.
    sentences
        What changed, of all together first.
    figure
        The same segment by segment; None where nothing changed.
    """

    title: str
    sentences: Sequence[str]
    figure: Figure | None


def what_changed(both: TwoRuns, zone: tzinfo) -> ChangeTold | None:
    """Say what differs between two runs; None where there is one alone.

    Parameters
    ----------
    both
        Both.
    zone
        The shop's time zone, in which days are told.
    """
    if both.before is None:
        return None
    return ChangeTold(
        title=words.compared_with(both.before.as_of, zone),
        sentences=[*_sentences(both)],
        figure=_figure(both),
    )


def _sentences(both: TwoRuns) -> Iterator[str]:
    now, before = both.now, both.before
    assert before is not None
    yield words.customers(now.customers, before.customers)
    yield from _money_sentences(both)
    if both.looks_alike and now.leaving is not None and before.leaving is not None:
        yield words.leaving(now.leaving, before.leaving, now.horizons)
    yield from _sizes(both.pairs)
    if not both.has_one_currency:
        yield words.OTHER_CURRENCY
    if not both.looks_alike:
        yield words.OTHER_HORIZONS


def _money_sentences(both: TwoRuns) -> Iterator[str]:
    now, currency = both.now, both.now.currency
    brought, expected, at_risk = (both.more_in_all(one) for one in (BROUGHT, EXPECTED, AT_RISK))
    if brought is not None:
        yield words.brought(now.brought or 0, brought, currency)
    if expected is not None:
        most = _mostly(both, EXPECTED, expected)
        yield words.expected(now.expected or 0, expected, currency, now.prediction_days, most)
    if at_risk is not None:
        yield words.at_risk(now.at_risk or 0, at_risk, currency, _mostly(both, AT_RISK, at_risk))


def _mostly(both: TwoRuns, measure: MoneyMeasure, more: float) -> str:
    """Say which segment differs most in the direction in which all together do."""
    by_segment = [(one.name, both.more_of(measure, one) or 0) for one in both.pairs]
    same_way = [one for one in by_segment if one[1] * more > 0]
    if not round(more, 2) or not same_way:
        return ""
    name, by = max(same_way, key=lambda one: abs(one[1]))
    return words.mostly(name, by, both.now.currency)


def _sizes(pairs: Sequence[SegmentPair]) -> Iterator[str]:
    by_size = sorted(pairs, key=lambda one: one.more_customers)
    if by_size and by_size[-1].more_customers > 0:
        yield words.grew_most(by_size[-1].name, by_size[-1].more_customers)
    if by_size and by_size[0].more_customers < 0:
        yield words.shrank_most(by_size[0].name, -by_size[0].more_customers)


def _figure(both: TwoRuns) -> Figure | None:
    """Draw by how much the money of each segment changed; where none is known, its size."""
    pairs = both.pairs
    money = {
        room_words.EXPECTED: [both.more_of(EXPECTED, one) for one in pairs],
        room_words.AT_RISK: [both.more_of(AT_RISK, one) for one in pairs],
    }
    series = [
        FigureSeries(name=name, cells=[_amount(one, both.now.currency) for one in amounts])
        for name, amounts in money.items()
    ]
    if any(amount for amounts in money.values() for amount in amounts):
        return _drawn(both, series, is_money=True)
    sizes = [FigureCell(one.more_customers, signed(one.more_customers)) for one in pairs]
    if not any(one.more_customers for one in pairs):
        return None
    return _drawn(both, [FigureSeries(name=room_words.CUSTOMERS, cells=sizes)], is_money=False)


def _amount(more: float | None, currency: str | None) -> FigureCell:
    return FigureCell(more, UNKNOWN if more is None else signed_money(more, currency))


def _drawn(both: TwoRuns, series: Sequence[FigureSeries], *, is_money: bool) -> Figure:
    names = [one.name for one in both.pairs]
    name, of, cell = max(
        (
            (name, one.name, cell)
            for one in series
            for name, cell in zip(names, one.cells, strict=True)
        ),
        key=lambda one: abs(one[2].value or 0),
    )
    return Figure(
        kind="rows",
        title=words.CHANGES,
        described=words.described(name, of, cell.written),
        across=room_words.SEGMENT,
        places=names,
        series=series,
        unit="money" if is_money else "count",
    )
