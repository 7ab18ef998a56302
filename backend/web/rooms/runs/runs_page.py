"""All runs as a value, and how far the active one is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlencode

from backend.store.run_row import Run
from backend.web.entrance import APP
from backend.web.rooms.runs.runs_reads import RunsSeen
from backend.wording import runs_room_sentences as words
from backend.wording.dates import moment, short_day
from backend.wording.money import UNKNOWN

RUNS = f"{APP}/runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """How far a run is.

    Attributes
    ----------
    link
        Its page, which as a part is this value alone.
    percent
        Of the work, in [0, 100].
    """

    name: str
    link: str
    told: str
    percent: int
    met: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run in the table."""

    link: str
    asked: str
    describes: str
    ended: str
    took: str
    customers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage:
    """All runs; links to other pages of them are None where there are none."""

    active: RunProgress | None
    lines: Sequence[RunLine]
    older: str | None
    newest: str | None


def runs_page(seen: RunsSeen, zone: tzinfo) -> RunsPage:
    """Show runs, the newest first.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    """
    more = seen.next_cursor
    return RunsPage(
        active=None if seen.active is None else progress_of(seen.active, zone),
        lines=[_line(one, zone) for one in seen.shown],
        older=None if more is None else f"{RUNS}?{urlencode({'cursor': more})}",
        newest=None if seen.is_first else RUNS,
    )


def progress_of(run: Run, zone: tzinfo) -> RunProgress:
    """Tell how far a run is that is queued or at work."""
    is_queued = run.state == "queued"
    told = words.WAITING if is_queued else words.how_far(run.stage or "", run.share_done)
    return RunProgress(
        name=words.run_asked(run.queued_at, zone),
        link=link_of(run),
        told=told,
        percent=round(100 * run.share_done),
        met=words.met(run.counts.get("customers"), run.counts.get("orders")),
    )


def link_of(run: Run) -> str:
    """Return the address of a run's page."""
    return f"{RUNS}/{run.id}"


def how_it_ended(run: Run) -> str:
    """Say how a run ended, or that it has not."""
    if run.state != "succeeded":
        return words.STATES[run.state]
    if run.published:
        return words.SERVED
    if run.not_published is not None:
        return words.HELD_BACK
    return words.DRY if run.request.publish == "never" else words.STATES["succeeded"]


def count_of(run: Run, noun: str) -> str:
    """Write how many of something a run has read, a dash where it has not come so far."""
    number = run.counts.get(noun)
    return UNKNOWN if number is None else f"{number:,}"


def _line(run: Run, zone: tzinfo) -> RunLine:
    return RunLine(
        link=link_of(run),
        asked=moment(run.queued_at, zone),
        describes=UNKNOWN if run.as_of is None else short_day(run.as_of, zone),
        ended=how_it_ended(run),
        took=UNKNOWN if run.started_at is None else words.took(run.seconds),
        customers=count_of(run, "customers"),
    )
