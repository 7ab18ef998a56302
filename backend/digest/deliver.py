"""Digests are sent beside the runs: by whoever does these, one for each that is published."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from datetime import timedelta, tzinfo

from backend.clients.mailer import Handed, Mailer
from backend.core.clock import utc_now
from backend.core.ending import pause
from backend.core.glossary import Undelivered
from backend.core.late import late
from backend.database.bounds import run_writes
from backend.database.engine import AsyncEngine, opened
from backend.database.sqlite_files import Opening
from backend.digest.attached_report import AttachedReport
from backend.digest.digest_settings import DigestSettings
from backend.results.run_report import RunReport
from backend.store import digests
from backend.store.digests import TakenDigest
from backend.wording.digest_sentences import why_not

LOOK_EVERY_SECONDS = 5.0
STATEMENT_SECONDS = 30.0

log = logging.getLogger(__name__)


async def keep_delivering(how: DigestSettings | None, stop: asyncio.Event) -> None:
    """Send what is due until asked to end; what is in the way is told when it begins.

    Parameters
    ----------
    how
        None where nobody wants digests: then there is nothing to do.
    stop
        Set when this is to end.
    """
    if how is None:
        return
    told = ""
    async with opened_for_digests(how) as engine:
        while not stop.is_set():
            try:
                await deliver_due(engine, how)
                told = ""
            except Exception as error:  # noqa: BLE001, whatever it was, the next look may succeed
                problem = str(error) or type(error).__name__
                if problem != told:
                    log.warning("digests wait", extra={"reason": problem})
                told = problem
            await pause(stop, LOOK_EVERY_SECONDS)


def opened_for_digests(how: DigestSettings) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open our database for who sends, beside requests and runs: nobody waits for it."""
    bounds = run_writes(STATEMENT_SECONDS)
    return opened(how.intelligence_url, pool_size=1, bounds=bounds, opening=Opening.CHANGE)


async def deliver_due(engine: AsyncEngine, how: DigestSettings) -> timedelta | None:
    """Send the served run's digest if it is due and nobody else sends it.

    Parameters
    ----------
    engine
        Where our tables are.
    how
        Who gets it, and how.

    Returns
    -------
    timedelta | None
        After how long it is due again, where it came to nothing; else None.

    Raises
    ------
    BackendError
        When our tables cannot be read or written.
    """
    taken = await digests.take(engine)
    if taken is None:
        return None
    handed = await _handed(engine, how, taken)
    again_in = _again_in(how, taken, handed)
    _log(taken, handed, again_in)
    await digests.conclude(engine, taken, handed.why_not, handed.reply, again_in)
    return again_in


async def _handed(engine: AsyncEngine, how: DigestSettings, taken: TakenDigest) -> Handed:
    """Write the mail and hand it over; what cannot be written is no reason to stop."""
    try:
        seen = await late("backend.digest.seen_by_digest").see_for_digest(engine, how, taken.run_id)
        zone = how.shop.mapping.zone
        told = late("backend.digest.told_digest").told_digest(seen, zone, how.public_url)
        message = late("backend.digest.digest_mail").digest_mail(
            told,
            sender=how.sender,
            recipients=how.recipients,
            run_id=taken.run_id,
            at=utc_now().astimezone(zone),
            report=await _page(seen.report, zone) if how.attaches_report else None,
        )
    except Exception:
        log.exception("a digest cannot be written")
        return Handed(Undelivered.UNFIT)
    return await Mailer(how.server).hand_over(message, how.sender, how.recipients)


async def _page(report: RunReport, zone: tzinfo) -> AttachedReport:
    page = await asyncio.to_thread(late("backend.report").render_report, report, zone)
    return AttachedReport(f"report-{report.as_of.astimezone(zone):%Y-%m-%d}.html", page)


def _again_in(how: DigestSettings, taken: TakenDigest, handed: Handed) -> timedelta | None:
    """Return after how long it is tried again; None where it is not."""
    if not handed.may_be_tried_again or taken.tries > len(how.waits):
        return None
    return how.waits[taken.tries - 1]


def _log(taken: TakenDigest, handed: Handed, again_in: timedelta | None) -> None:
    told = {"run": taken.run_id, "tries": taken.tries}
    if handed.why_not is None:
        # By their places: the log is kept by more people than DIGEST_TO is read by.
        log.info("digest sent", extra={**told, "recipients_refused": list(handed.left_out)})
        return
    again = None if again_in is None else round(again_in.total_seconds())
    reason = why_not(handed.why_not, handed.reply)
    log.warning("digest not sent", extra={**told, "reason": reason, "again_in_seconds": again})
