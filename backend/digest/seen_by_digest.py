"""What a digest is told from, read once."""

from contextlib import aclosing
from functools import partial

from backend import store
from backend.core.customer_id import CustomerId
from backend.core.errors import ReportNotReady
from backend.database.engine import AsyncConnection, AsyncEngine, opened, snapshot
from backend.database.failures import OURS
from backend.database.sqlite_files import opening_of_shop
from backend.digest.digest_settings import DigestSettings
from backend.digest.told_digest import DigestSeen
from backend.results.customer_filter import CustomerFilter
from backend.results.customer_numbers import CustomerNumbers
from backend.results.run_report import RunReport
from backend.results.sorting import Sorting
from backend.segments.life_stages import LifeStage, life_stage
from backend.shop.asking import asked
from backend.shop.customers import Customer, get_customers
from backend.store.segment_history import HistoryFilter
from backend.store.tombstones import erased_among

PEOPLE_NAMED = 10
MOST_AT_RISK = Sorting.parse("-value_at_risk")


async def see_for_digest(engine: AsyncEngine, how: DigestSettings, run_id: str) -> DigestSeen:
    """Read a run's report, and who went quiet with most at risk where they are to be named.

    Raises
    ------
    ReportNotReady
        When it has none that tells of money.
    DatabaseUnavailable
        When one of the databases is away.
    """
    report = await store.read_report(engine, run_id)
    if report is None or report.outlook is None:
        raise ReportNotReady(run_id, "succeeded")
    async with snapshot(engine, OURS) as connection:
        quiet = await _went_quiet(connection, report)
        names = how.names_people and bool(report.outlook.moved.quiet)
        most = await _most_at_risk(connection, how, quiet) if names else []
    people = await _people(how, [one.customer_id for one in most]) if most else {}
    return DigestSeen(
        report=report,
        outlook=report.outlook,
        quiet=quiet,
        most_at_risk=[(one, people.get(one.customer_id)) for one in most],
    )


async def _went_quiet(connection: AsyncConnection, report: RunReport) -> CustomerFilter:
    """Return who came to a quiet segment with the run, as Today has it."""
    ids = tuple(one.id for one in report.segments if life_stage(one.id) is LifeStage.QUIET)
    history = await store.read_history(connection, HistoryFilter(run_id=report.run_id), limit=1)
    return CustomerFilter(segment=ids, moved_since=history[0].published_at if history else None)


async def _most_at_risk(
    connection: AsyncConnection, how: DigestSettings, quiet: CustomerFilter
) -> list[CustomerNumbers]:
    rows = store.stream_list(connection, quiet, MOST_AT_RISK, after=None, rows=PEOPLE_NAMED)
    async with aclosing(rows) as following:
        listed: list[CustomerNumbers] = await anext(following, [])
    ids = [one.customer_id for one in listed]
    erased = await erased_among(connection, how.own_keys.tombstones, ids)
    return [one for one in listed if one.customer_id not in erased]


async def _people(how: DigestSettings, ids: list[CustomerId]) -> dict[CustomerId, Customer]:
    opening = opening_of_shop(how.shop_url, how.intelligence_url)
    async with opened(how.shop_url, pool_size=1, opening=opening, reads_only=True) as engine:
        question = partial(get_customers, shop=how.shop, customer_ids=ids)
        return await asked(engine, how.shop, question)
