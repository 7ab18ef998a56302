"""Customers by the month of their first order, as a value. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from itertools import accumulate
from math import ceil

from backend.results.cohorts import Cohort, Cohorts
from backend.results.run_report import RunReport
from backend.web.list_links import new_customers_link
from backend.wording import cohorts_room_sentences as words
from backend.wording.dates import month
from backend.wording.money import rounded_money
from backend.wording.shares import in_a_hundred, percent

WARMEST = 9
# A figure for each month after the first, of one cohort.
Figures = Sequence[float]


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A cell, and how warm it is: from 0, nothing, to 9."""

    written: str
    warmth: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A month's customers; what is not known yet has no cell.

    Attributes
    ----------
    link, link_name
        Of who they are; None and "" for all months together.
    """

    month: str
    customers: str
    cells: Sequence[HeatCell]
    link: str | None = None
    link_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """A table whose cells are the warmer the more they say.

    Attributes
    ----------
    heads
        Months after the first order.
    rows
        The latest month first.
    together
        All months that have come so far, as one.
    """

    title: str
    about: str
    heads: Sequence[str]
    rows: Sequence[HeatRow]
    together: HeatRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortsPage:
    """All that the page says; without maps where nothing is known."""

    headline: str
    about: Sequence[str]
    maps: Sequence[HeatMap]


def cohorts_page(report: RunReport, zone: tzinfo) -> CohortsPage:
    """Say who of each month's new customers came back, and what they have brought.

    Parameters
    ----------
    report
        Of the published run.
    zone
        The shop's time zone, in which days are told.
    """
    found = report.cohorts
    if found is None:
        return CohortsPage(headline=words.NOT_RECKONED, about=[words.AFTER_NEXT_RUN], maps=[])
    as_of = words.as_of(report.as_of, zone)
    if not found.months:
        return CohortsPage(headline=words.NO_MONTH_IS_OVER, about=[as_of], maps=[])
    currency = report.currency
    return CohortsPage(
        headline=_headline(found.months),
        about=[as_of, *_left_out(found)],
        maps=[_who_came_back(found.months), _what_they_brought(found.months, currency)],
    )


def _headline(months: Sequence[Cohort]) -> str:
    after = _together(months, _returned)
    if not after:
        return words.NOBODY_COULD_RETURN
    return words.headline(in_a_hundred(after[0]))


def _left_out(found: Cohorts) -> list[str]:
    return [
        words.until(_named(found.until), found.newer_customers),
        words.left_out(found.earlier_customers, _named(found.months[0].month)),
    ]


def _who_came_back(months: Sequence[Cohort]) -> HeatMap:
    return _map(words.RETENTION, words.RETENTION_ABOUT, months, _returned, percent, first=1)


def _what_they_brought(months: Sequence[Cohort], currency: str | None) -> HeatMap:
    # The currency is in the sentence: in every cell it would be noise.
    def written(amount: float) -> str:
        return rounded_money(amount, None)

    return _map(words.VALUE, words.value_about(currency), months, _brought, written, first=0)


def _returned(cohort: Cohort) -> Figures:
    """Return the share who ordered in each month after the first."""
    return [one / cohort.customers for one in cohort.buyers[1:]]


def _brought(cohort: Cohort) -> Figures:
    """Return what a customer had brought by the end of each month, on average."""
    return [one / cohort.customers for one in accumulate(cohort.revenue)]


def _map(
    title: str,
    about: str,
    months: Sequence[Cohort],
    figures: Callable[[Cohort], Figures],
    write: Callable[[float], str],
    *,
    first: int,
) -> HeatMap:
    told = [(one, figures(one)) for one in reversed(months)]
    together = _together(months, figures)
    most = max((figure for _, row in told for figure in row), default=0.0)

    def cells(row: Figures) -> list[HeatCell]:
        return [_cell(one, most, write) for one in row]

    return HeatMap(
        title=title,
        about=about,
        heads=[str(after) for after in range(first, first + len(together))],
        rows=[_row(one, cells(known)) for one, known in told],
        together=HeatRow(
            words.TOGETHER, f"{sum(one.customers for one in months):,}", cells(together)
        ),
    )


def _row(cohort: Cohort, cells: Sequence[HeatCell]) -> HeatRow:
    first_day, customers = _first_day(cohort.month), cohort.customers
    return HeatRow(
        month=month(first_day),
        customers=f"{customers:,}",
        cells=cells,
        link=new_customers_link(first_day),
        link_name=words.see_the(customers, month(first_day)),
    )


def _cell(figure: float, most: float, write: Callable[[float], str]) -> HeatCell:
    return HeatCell(write(figure), ceil(WARMEST * figure / (most or 1)))


def _together(months: Iterable[Cohort], figures: Callable[[Cohort], Figures]) -> Figures:
    """Return the mean over the customers of all months that have come so far."""
    told = [(one.customers, figures(one)) for one in months]
    reached = range(max((len(row) for _, row in told), default=0))
    return [_mean([(size, row[at]) for size, row in told if at < len(row)]) for at in reached]


def _mean(weighed: Sequence[tuple[int, float]]) -> float:
    return sum(size * figure for size, figure in weighed) / sum(size for size, _ in weighed)


def _named(written: str) -> str:
    return month(_first_day(written))


def _first_day(written: str) -> date:
    return date.fromisoformat(f"{written}-01")
