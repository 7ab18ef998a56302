"""Where the segments live: a sample of customers by their last order and what they spent. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import quantiles

from backend.report.segment_colours import colour_of
from backend.results.clustering import PicturePoint
from backend.web.figures import Figure, FigureCell, FigureDot, FigureSeries
from backend.wording import segments_room_sentences as words

# Where a logarithmic axis begins; who is below stands there, and the axes say so.
LEAST_DAYS, LEAST_SPENT = 1.0, 1.0


@dataclass(frozen=True, slots=True)
class _Placed:
    segment_id: str
    days: float
    spent: float


def segments_map(
    picture: Sequence[PicturePoint], names: Mapping[str, str], currency: str | None
) -> Figure | None:
    """Draw a sample of customers, each where they are; None in reports that did not keep that.

    Parameters
    ----------
    picture
        The sample.
    names
        Of segments, by id, in the order in which they are shown.
    currency
        Of what was spent; None where it is not known.
    """
    order = {one: at for at, one in enumerate(names)}
    placed = sorted(
        (
            _Placed(one.segment, one.recency_days, one.spent)
            for one in picture
            if one.recency_days is not None and one.spent is not None and one.segment in order
        ),
        key=lambda one: order[one.segment_id],
    )
    if not placed:
        return None
    by_segment = {one: list(some) for one, some in groupby(placed, lambda one: one.segment_id)}
    groups = list(by_segment.values())
    return Figure(
        kind="scatter",
        title=words.MAP,
        described=words.map_described(len(placed)),
        across=words.SEGMENT,
        places=[names[one] for one in by_segment],
        series=_columns(groups, currency),
        unit="count",
        colours=[colour_of(one) for one in by_segment],
        dots=[
            FigureDot(max(one.days, LEAST_DAYS), max(one.spent, LEAST_SPENT), at)
            for at, some in enumerate(groups)
            for one in some
        ],
        axes=(words.DAYS_SINCE, words.spent(currency)),
    )


def _columns(groups: Sequence[Sequence[_Placed]], currency: str | None) -> list[FigureSeries]:
    columns = {
        words.DRAWN: [FigureCell(len(one), f"{len(one):,}") for one in groups],
        words.DAYS_SINCE: [_middle([one.days for one in some], words.whole) for some in groups],
        words.spent(currency): [
            _middle([one.spent for one in some], words.amount) for some in groups
        ],
    }
    return [FigureSeries(name=name, cells=cells) for name, cells in columns.items()]


def _middle(figures: Sequence[float], write: Callable[[float], str]) -> FigureCell:
    """Return the median, and within what the middle half is."""
    if len(figures) == 1:
        return FigureCell(figures[0], write(figures[0]))
    low, middle, high = quantiles(figures, n=4, method="inclusive")
    return FigureCell(middle, words.middle(write(middle), write(low), write(high)))
