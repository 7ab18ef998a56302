"""One run as a value: how it went, and what in the shop's data may have spoilt it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.results.readiness import Finding
from backend.results.run_report import RunReport, StageFigures
from backend.store.digests import Digest
from backend.store.run_row import Run
from backend.web.entrance import APP
from backend.web.list_links import MovesAsked, moves_link
from backend.web.rooms.runs.runs_page import (
    RunProgress,
    count_of,
    how_it_ended,
    link_of,
    progress_of,
)
from backend.web.rooms.runs.runs_reads import OneRunSeen
from backend.wording import digest_sentences as mailed
from backend.wording import runs_room_sentences as words
from backend.wording.dates import moment
from backend.wording.money import UNKNOWN
from backend.wording.readiness_verdict import verdict
from backend.wording.unpublished_sentences import unpublished_sentence


@dataclass(frozen=True, slots=True)
class RunFact:
    """One thing to know of a run."""

    name: str
    told: str


@dataclass(frozen=True, slots=True)
class SettingToSet:
    """A variable that would settle a finding."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingToSettle:
    """A thing in the shop's data, and what to do about it."""

    sentence: str
    is_error: bool
    settings: Sequence[SettingToSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessTold:
    """What in the shop's data may have spoilt a run, and the sentences on what was well."""

    verdict: str
    to_settle: Sequence[FindingToSettle]
    well: Sequence[str]
    well_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """What one stage of a run took."""

    stage: str
    took: str
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRunPage:
    """All that the page of a run says.

    Attributes
    ----------
    link
        The page itself.
    progress
        None once the run has ended.
    why
        Why it failed, or replaced nothing; empty where neither is so.
    digest
        What became of its mail; empty where none was due.
    report, compared, moves
        Links; None where there is nothing to read, or it was never served.
    """

    name: str
    link: str
    ended: str
    progress: RunProgress | None
    why: str
    digest: str
    facts: Sequence[RunFact]
    report: str | None
    compared: str | None
    moves: str | None
    readiness: ReadinessTold | None
    stages: Sequence[StageLine]


def one_run_page(seen: OneRunSeen, zone: tzinfo) -> OneRunPage:
    """Tell of one run.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    """
    run, report = seen.run, seen.report
    return OneRunPage(
        name=words.run_asked(run.queued_at, zone),
        link=link_of(run),
        ended=how_it_ended(run),
        progress=None if run.is_finished else progress_of(run, zone),
        why=_why(run),
        digest=_digest(seen.digest, zone),
        facts=_facts(run, zone),
        report=None if report is None else f"{link_of(run)}/report",
        compared=None if report is None else f"{APP}/segments?run={run.id}",
        moves=moves_link(MovesAsked(run=run.id)) if _was_served(run) else None,
        readiness=None if report is None else _readiness(report),
        stages=[] if report is None else [_stage(one) for one in report.stages],
    )


def _was_served(run: Run) -> bool:
    ended_well = run.state == "succeeded" and run.not_published is None
    return run.published or (ended_well and run.request.publish != "never")


def _why(run: Run) -> str:
    if run.state == "succeeded" and not _was_served(run):
        return unpublished_sentence(run.not_published)
    return run.error or ""


def _digest(digest: Digest | None, zone: tzinfo) -> str:
    if digest is None:
        return ""
    if digest.state == "sending":
        return mailed.being_sent()
    if digest.why_not is None:
        return mailed.sent(digest.at, zone)
    if digest.state == "due":
        return mailed.not_yet(digest.why_not, digest.reply, digest.at, zone)
    return mailed.not_sent(digest.why_not, digest.reply)


def _facts(run: Run, zone: tzinfo) -> list[RunFact]:
    described = UNKNOWN if run.as_of is None else moment(run.as_of, zone)
    took = UNKNOWN if run.started_at is None else words.took(run.seconds)
    return [
        RunFact(words.DESCRIBES, described),
        RunFact(words.TOOK, took),
        RunFact(words.CUSTOMERS, count_of(run, "customers")),
        RunFact(words.ORDERS, count_of(run, "orders")),
    ]


def _readiness(report: RunReport) -> ReadinessTold:
    found = report.readiness
    # What makes results wrong comes before what may.
    to_settle = sorted((one for one in found.findings if one.level != "ok"), key=_is_mild)
    well = [one.sentence for one in found.findings if one.level == "ok"]
    return ReadinessTold(
        verdict=verdict(found),
        to_settle=[_to_settle(one) for one in to_settle],
        well=well,
        well_name=words.else_looked_at(len(well)),
    )


def _is_mild(finding: Finding) -> bool:
    return finding.level != "error"


def _to_settle(finding: Finding) -> FindingToSettle:
    return FindingToSettle(
        sentence=finding.sentence,
        is_error=finding.level == "error",
        settings=[SettingToSet(name, value) for name, value in finding.settings.items()],
    )


def _stage(figures: StageFigures) -> StageLine:
    return StageLine(
        stage=words.STAGES.get(figures.stage, figures.stage),
        took=words.took(figures.seconds),
        rows=UNKNOWN if figures.rows is None else f"{figures.rows:,}",
    )
