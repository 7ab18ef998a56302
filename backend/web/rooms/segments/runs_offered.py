"""Which runs are offered to be compared, of all that there are. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby

from backend.core.local_times import local_time
from backend.store import ComparableRun
from backend.wording import segments_compared_sentences as words

# Nightly runs of a month, then one a month; of those that only reported, the latest.
LATEST_OFFERED, REPORTED_OFFERED = 30, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """A run that may be chosen."""

    run_id: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Runs of a kind."""

    name: str
    runs: Sequence[RunChoice]


def offered(
    comparable: Sequence[ComparableRun], chosen: Iterable[str | None], zone: tzinfo
) -> list[ComparableRun]:
    """Return the runs that are offered; any other can be asked for by its id.

    Parameters
    ----------
    comparable
        All, by the instant that they describe, the latest first.
    chosen
        Ids of those that are shown, which are always offered.
    zone
        Whose months.
    """
    published = [one for one in comparable if one.was_published]
    reported = [one for one in comparable if not one.was_published]
    reported.sort(key=lambda one: one.ended_at, reverse=True)
    earlier = groupby(published[LATEST_OFFERED:], key=lambda one: _month(one, zone))
    wanted = {
        *chosen,
        *(one.run_id for one in published[:LATEST_OFFERED]),
        *(next(same).run_id for _, same in earlier),
        *(one.run_id for one in reported[:REPORTED_OFFERED]),
    }
    return [one for one in comparable if one.run_id in wanted]


def _month(run: ComparableRun, zone: tzinfo) -> tuple[int, int]:
    there = local_time(run.as_of, zone)
    return there.year, there.month


def choices(
    runs: Sequence[ComparableRun], chosen: str | None, zone: tzinfo
) -> Sequence[ChoiceGroup]:
    """Offer runs by the days that they describe; those of the same day by when they ended too."""
    days = Counter(words.run_of(one.as_of, zone) for one in runs)

    def choice(one: ComparableRun) -> RunChoice:
        name = words.run_of(one.as_of, zone)
        told = name if days[name] == 1 else words.run_ended(name, one.ended_at, zone)
        return RunChoice(run_id=one.run_id, name=told, is_chosen=one.run_id == chosen)

    groups = [
        ChoiceGroup(name, [choice(one) for one in runs if one.was_published is was_published])
        for name, was_published in ((words.PUBLISHED, True), (words.REPORTED, False))
    ]
    return [one for one in groups if one.runs]
