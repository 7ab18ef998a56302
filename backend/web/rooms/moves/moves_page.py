"""Who went from one segment to another between two runs, as a value. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from urllib.parse import urlencode

from backend.core.glossary import Cause
from backend.report.flow import Flow, draw_flow
from backend.report.segment_colours import colour_of
from backend.results.move import Move, MoveCount, SegmentFlow
from backend.store.net_moves import NOWHERE
from backend.web.entrance import APP
from backend.web.history_of_runs import RunInHistory
from backend.web.list_links import MovesAsked, moves_link
from backend.web.rooms.moves.moves_reads import MovesSeen
from backend.wording import moves_room_sentences as words
from backend.wording.dates import short_day
from backend.wording.money import UNKNOWN

LARGEST_SHOWN = 10
NARROW, WIDE = 328, 1060

# From where to where; None: newly known, and gone from the shop.
Way = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class MoveChoice:
    """A value that a condition may have."""

    value: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLine:
    """All who went one way, and why; the link shows who they are."""

    start: str
    end: str
    customers: str
    behaviour: str
    model: str
    link: str


@dataclass(frozen=True, slots=True)
class WayCell:
    """How many went one way; the link shows who they are, None where nobody did."""

    customers: str
    link: str | None


@dataclass(frozen=True, slots=True)
class WaysFrom:
    """A row of the matrix: all who left one segment, by where they went, then all together."""

    start: str
    cells: Sequence[WayCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverLine:
    """Somebody who moved.

    Attributes
    ----------
    name, beside
        What they are called, and their id where that is something else; else "".
    link
        None for who is gone from the shop.
    """

    name: str
    beside: str
    link: str | None
    start: str
    end: str
    why: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesPage:
    """All that the page says.

    Attributes
    ----------
    about
        Sentences on when, why, and who came and went besides.
    of_runs, compared_with, starts, ends, causes
        What may be chosen.
    pictures
        The largest flows, drawn for a phone and for a desk; none where nobody moved.
    undrawn
        Who moved in flows that are too small to draw; empty where nobody did.
    flows
        The largest, the largest first.
    matrix_heads, matrix
        Where to, and a row for each from where.
    people_told, people
        How many were chosen, and who they are, the latest first.
    everybody
        The same without a segment chosen; None where none is.
    """

    headline: str
    about: Sequence[str]
    of_runs: Sequence[MoveChoice]
    compared_with: Sequence[MoveChoice]
    starts: Sequence[MoveChoice]
    ends: Sequence[MoveChoice]
    causes: Sequence[MoveChoice]
    pictures: Mapping[str, Flow]
    undrawn: str
    flows: Sequence[FlowLine]
    matrix_heads: Sequence[str]
    matrix: Sequence[WaysFrom]
    people_told: str
    people: Sequence[MoverLine]
    everybody: str | None


def moves_page(seen: MovesSeen, zone: tzinfo, called: Mapping[str, str]) -> MovesPage:
    """Say who went where, and why.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    called
        Names of those who moved, by id, as far as they are known and may be seen.
    """
    asked, ways = seen.asked, _by_way(seen.counted)
    starts, ends = _ordered(ways, 0, seen.names), _ordered(ways, 1, seen.names)
    pictures = _pictures(ways, seen.names)
    return MovesPage(
        headline=_headline(seen),
        about=_about(seen, zone),
        of_runs=_of_runs(seen, zone),
        compared_with=_compared_with(seen, zone),
        starts=_choices(starts, asked.start, seen.names, words.NEWLY_KNOWN),
        ends=_choices(ends, asked.end, seen.names, words.GONE),
        causes=[
            MoveChoice(str(one), name, one is asked.cause) for one, name in words.CAUSES.items()
        ],
        pictures=pictures,
        undrawn=words.undrawn(pictures["wide"].undrawn) if pictures else "",
        flows=[_flow(way, ways[way], seen) for way in _largest(ways)],
        matrix_heads=[_name(end, seen.names, words.GONE) for end in ends],
        matrix=[_row(start, ends, ways, seen) for start in starts],
        people_told=_people_told(seen),
        people=[_mover(one, seen.names, zone, called) for one in seen.people],
        everybody=_everybody(asked),
    )


def _by_way(counted: Iterable[MoveCount]) -> dict[Way, dict[Cause, int]]:
    ways: dict[Way, dict[Cause, int]] = defaultdict(dict)
    for one in counted:
        ways[one.from_segment_id, one.to_segment_id][one.cause] = one.customers
    return dict(ways)


def _ordered(ways: Mapping[Way, object], side: int, names: Iterable[str]) -> list[str | None]:
    """Return one side of all ways, segments as they are shown everywhere, nowhere last."""
    found = {way[side] for way in ways}
    return [*(one for one in names if one in found), *([None] if None in found else [])]


def _headline(seen: MovesSeen) -> str:
    if seen.between is None:
        return words.NO_RUN_BEFORE
    return words.headline(sum(one.customers for one in seen.counted if _is_between(one)))


def _is_between(one: MoveCount) -> bool:
    return one.from_segment_id is not None and one.to_segment_id is not None


def _about(seen: MovesSeen, zone: tzinfo) -> list[str]:
    if seen.between is None:
        return [words.FROM_THE_SECOND_RUN]
    when = words.between(seen.between.before.as_of, seen.between.run.as_of, zone)
    by_cause = [
        sum(one.customers for one in seen.counted if _is_between(one) and one.cause is cause)
        for cause in (Cause.BEHAVIOUR, Cause.MODEL)
    ]
    appeared = sum(one.customers for one in seen.counted if one.from_segment_id is None)
    gone = sum(one.customers for one in seen.counted if one.to_segment_id is None)
    return [when, words.by_cause(*by_cause), words.came_and_went(appeared, gone)]


def _of_runs(seen: MovesSeen, zone: tzinfo) -> list[MoveChoice]:
    """Return the runs that others were before."""
    now = None if seen.between is None else seen.between.run
    return [_run_choice(one, now, zone) for one in seen.past[:-1]]


def _compared_with(seen: MovesSeen, zone: tzinfo) -> list[MoveChoice]:
    before = None if seen.between is None else seen.between.before
    return [_run_choice(one, before, zone) for one in seen.past[1:]]


def _run_choice(run: RunInHistory, chosen: RunInHistory | None, zone: tzinfo) -> MoveChoice:
    return MoveChoice(run.run_id, short_day(run.as_of, zone), run is chosen)


def _choices(
    ids: Iterable[str | None], chosen: str | None, names: Mapping[str, str], nowhere: str
) -> list[MoveChoice]:
    values = [(one or NOWHERE, _name(one, names, nowhere)) for one in ids]
    return [MoveChoice(value, name, value == chosen) for value, name in values]


def _pictures(ways: Mapping[Way, Mapping[Cause, int]], names: Mapping[str, str]) -> dict[str, Flow]:
    flows = [
        SegmentFlow(from_=start, to=end, customers=sum(ways[start, end].values()))
        for start, end in _between_segments(ways)
        if start is not None and end is not None
    ]
    if not flows:
        return {}
    colours = {one: colour_of(one) for one in names}
    widths = {"narrow": NARROW, "wide": WIDE}
    return {size: draw_flow(flows, colours, names, width) for size, width in widths.items()}


def _between_segments(ways: Mapping[Way, Mapping[Cause, int]]) -> list[Way]:
    """Return the ways that begin and end somewhere, the largest first."""
    between = [way for way in ways if None not in way]
    return sorted(between, key=lambda way: -sum(ways[way].values()))


def _largest(ways: Mapping[Way, Mapping[Cause, int]]) -> list[Way]:
    return _between_segments(ways)[:LARGEST_SHOWN]


def _flow(way: Way, by_cause: Mapping[Cause, int], seen: MovesSeen) -> FlowLine:
    return FlowLine(
        start=_name(way[0], seen.names, words.NEWLY_KNOWN),
        end=_name(way[1], seen.names, words.GONE),
        customers=f"{sum(by_cause.values()):,}",
        behaviour=f"{by_cause.get(Cause.BEHAVIOUR, 0):,}",
        model=f"{by_cause.get(Cause.MODEL, 0):,}",
        link=moves_link(seen.asked.way(*way)),
    )


def _row(
    start: str | None,
    ends: Sequence[str | None],
    ways: Mapping[Way, Mapping[Cause, int]],
    seen: MovesSeen,
) -> WaysFrom:
    counts = [sum(ways.get((start, end), {}).values()) for end in ends]
    cells = [
        WayCell(f"{count:,}", moves_link(seen.asked.way(start, end)))
        if count
        else WayCell(UNKNOWN, None)
        for end, count in zip(ends, counts, strict=True)
    ]
    total = WayCell(
        f"{sum(counts):,}", moves_link(replace(seen.asked, start=start or NOWHERE, end=None))
    )
    return WaysFrom(_name(start, seen.names, words.NEWLY_KNOWN), [*cells, total])


def _name(segment_id: str | None, names: Mapping[str, str], nowhere: str) -> str:
    return nowhere if segment_id is None else names.get(segment_id, segment_id)


def _people_told(seen: MovesSeen) -> str:
    asked = seen.asked
    total = sum(
        one.customers
        for one in seen.counted
        if asked.start in {None, one.from_segment_id or NOWHERE}
        and asked.end in {None, one.to_segment_id or NOWHERE}
    )
    return words.shown_of(len(seen.people), total) if total else words.NO_ONE_CHOSEN


def _mover(
    one: Move, names: Mapping[str, str], zone: tzinfo, called: Mapping[str, str]
) -> MoverLine:
    is_gone = one.to_segment_id is None
    name = called.get(one.customer_id)
    return MoverLine(
        name=name or one.customer_id,
        beside=one.customer_id if name else "",
        link=None if is_gone else f"{APP}/customer?{urlencode({'id': one.customer_id})}",
        start=_name(one.from_segment_id, names, words.NEWLY_KNOWN),
        end=_name(one.to_segment_id, names, words.GONE),
        why=words.CAUSES[one.cause],
        when=short_day(one.changed_at, zone),
    )


def _everybody(asked: MovesAsked) -> str | None:
    is_chosen = asked.start is not None or asked.end is not None
    return moves_link(replace(asked, start=None, end=None)) if is_chosen else None
