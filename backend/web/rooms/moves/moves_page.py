"""Who went from one segment to another, as a value. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlencode

from backend.core.glossary import Cause
from backend.results.move import Move, MoveCount
from backend.store.moves import MoveFilter
from backend.web.entrance import APP
from backend.web.rooms.moves.moves_reads import MovesSeen
from backend.wording import moves_room_sentences as words
from backend.wording.dates import short_day
from backend.wording.money import UNKNOWN

MOVES = f"{APP}/moves"
LARGEST_SHOWN = 10

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
    link: str | None


@dataclass(frozen=True, slots=True)
class WayCell:
    """How many went one way; the link shows who they are."""

    customers: str
    link: str | None


@dataclass(frozen=True, slots=True)
class WaysFrom:
    """A row of the matrix: all who left one segment, by where they went, then all together."""

    start: str
    cells: Sequence[WayCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverLine:
    """Somebody who moved."""

    customer_id: str
    link: str
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
    since
        The day from which on moves are shown, ISO 8601; empty: with the served run.
    starts, ends, causes
        What may be chosen.
    flows
        The largest, the largest first.
    matrix_heads, matrix
        Where to, and a row for each from where.
    people_told, people
        How many were chosen, and who they are, the newest first.
    everybody
        The same without a segment chosen; None where none is.
    """

    headline: str
    about: Sequence[str]
    since: str
    starts: Sequence[MoveChoice]
    ends: Sequence[MoveChoice]
    causes: Sequence[MoveChoice]
    flows: Sequence[FlowLine]
    matrix_heads: Sequence[str]
    matrix: Sequence[WaysFrom]
    people_told: str
    people: Sequence[MoverLine]
    everybody: str | None


def moves_page(seen: MovesSeen, zone: tzinfo) -> MovesPage:
    """Say who went where, and why.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    """
    asked = _Asked(seen.sought, zone)
    ways = _by_way(seen.counted)
    starts, ends = _ordered(ways, 0, seen.names), _ordered(ways, 1, seen.names)
    return MovesPage(
        headline=_headline(seen),
        about=_about(seen, zone),
        since=asked.since,
        starts=_choices(starts, seen.sought.from_segment_id, seen.names),
        ends=_choices(ends, seen.sought.to_segment_id, seen.names),
        causes=[
            MoveChoice(str(one), name, one is seen.sought.cause)
            for one, name in words.CAUSES.items()
        ],
        flows=[_flow(way, ways[way], seen.names, asked) for way in _largest(ways)],
        matrix_heads=[_name(end, seen.names, words.GONE) for end in ends],
        matrix=[_row(start, ends, ways, seen.names, asked) for start in starts],
        people_told=_people_told(seen),
        people=[_mover(one, seen.names, zone) for one in seen.people],
        everybody=_everybody(seen.sought, asked),
    )


class _Asked:
    """Addresses of this page with the day and the cause that are asked for now."""

    def __init__(self, sought: MoveFilter, zone: tzinfo) -> None:
        begins = sought.since
        self.since = "" if begins is None else begins.astimezone(zone).date().isoformat()
        self._cause = sought.cause

    def link(self, **ways: str) -> str:
        """Return the address, with a way that is asked for too."""
        kept = {"since": self.since, "cause": str(self._cause or ""), **ways}
        given = {name: value for name, value in kept.items() if value}
        return f"{MOVES}?{urlencode(given)}" if given else MOVES

    def way(self, way: Way) -> str | None:
        """Return the address of who went a way; None where it begins or ends nowhere."""
        start, end = way
        if start is None or end is None:
            return None
        return f"{self.link(**{'from': start}, to=end)}#who"


def _by_way(counted: Iterable[MoveCount]) -> dict[Way, dict[Cause, int]]:
    ways: dict[Way, dict[Cause, int]] = defaultdict(dict)
    for one in counted:
        ways[one.from_segment_id, one.to_segment_id][one.cause] = one.customers
    return dict(ways)


def _ordered(ways: Mapping[Way, object], side: int, names: Mapping[str, str]) -> list[str | None]:
    """Return one side of all ways, segments by name, nowhere last."""
    return sorted(
        {way[side] for way in ways}, key=lambda one: (one is None, names.get(one or "", one or ""))
    )


def _headline(seen: MovesSeen) -> str:
    moved = sum(one.customers for one in seen.counted if _is_between(one))
    tell = words.headline if seen.sought.since is None else words.headline_since
    return tell(moved)


def _is_between(one: MoveCount) -> bool:
    return one.from_segment_id is not None and one.to_segment_id is not None


def _about(seen: MovesSeen, zone: tzinfo) -> list[str]:
    begins = seen.sought.since
    when = words.with_run(seen.as_of, zone) if begins is None else words.since(begins, zone)
    by_cause = [
        sum(one.customers for one in seen.counted if _is_between(one) and one.cause is cause)
        for cause in (Cause.BEHAVIOUR, Cause.MODEL)
    ]
    appeared = sum(one.customers for one in seen.counted if one.from_segment_id is None)
    gone = sum(one.customers for one in seen.counted if one.to_segment_id is None)
    return [when, words.by_cause(*by_cause), words.came_and_went(appeared, gone)]


def _choices(
    segment_ids: Iterable[str | None], chosen: str | None, names: Mapping[str, str]
) -> list[MoveChoice]:
    known = (one for one in segment_ids if one is not None)
    return [MoveChoice(one, names.get(one, one), one == chosen) for one in known]


def _largest(ways: Mapping[Way, Mapping[Cause, int]]) -> list[Way]:
    between = [way for way in ways if None not in way]
    return sorted(between, key=lambda way: -sum(ways[way].values()))[:LARGEST_SHOWN]


def _flow(
    way: Way, by_cause: Mapping[Cause, int], names: Mapping[str, str], asked: _Asked
) -> FlowLine:
    return FlowLine(
        start=_name(way[0], names, words.NEWLY_KNOWN),
        end=_name(way[1], names, words.GONE),
        customers=f"{sum(by_cause.values()):,}",
        behaviour=f"{by_cause.get(Cause.BEHAVIOUR, 0):,}",
        model=f"{by_cause.get(Cause.MODEL, 0):,}",
        link=asked.way(way),
    )


def _row(
    start: str | None,
    ends: Sequence[str | None],
    ways: Mapping[Way, Mapping[Cause, int]],
    names: Mapping[str, str],
    asked: _Asked,
) -> WaysFrom:
    counts = [sum(ways.get((start, end), {}).values()) for end in ends]
    cells = [
        WayCell(f"{count:,}", asked.way((start, end))) if count else WayCell(UNKNOWN, None)
        for end, count in zip(ends, counts, strict=True)
    ]
    total = WayCell(f"{sum(counts):,}", None)
    return WaysFrom(_name(start, names, words.NEWLY_KNOWN), [*cells, total])


def _name(segment_id: str | None, names: Mapping[str, str], nowhere: str) -> str:
    return nowhere if segment_id is None else names.get(segment_id, segment_id)


def _people_told(seen: MovesSeen) -> str:
    sought = seen.sought
    total = sum(
        one.customers
        for one in seen.counted
        if sought.from_segment_id in {None, one.from_segment_id}
        and sought.to_segment_id in {None, one.to_segment_id}
    )
    return words.shown_of(len(seen.people), total) if total else words.NO_ONE_CHOSEN


def _mover(one: Move, names: Mapping[str, str], zone: tzinfo) -> MoverLine:
    return MoverLine(
        customer_id=one.customer_id,
        link=f"{APP}/customer?{urlencode({'id': one.customer_id})}",
        start=_name(one.from_segment_id, names, words.NEWLY_KNOWN),
        end=_name(one.to_segment_id, names, words.GONE),
        why=words.CAUSES[one.cause],
        when=short_day(one.changed_at, zone),
    )


def _everybody(sought: MoveFilter, asked: _Asked) -> str | None:
    is_chosen = sought.from_segment_id is not None or sought.to_segment_id is not None
    return f"{asked.link()}#who" if is_chosen else None
