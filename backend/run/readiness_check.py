"""The check: what was seen of the shop is judged; what could not be seen is said."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from backend.core.errors import TablesInTheWay, TablesTooNew
from backend.database.engine import AsyncEngine, saw_pooler
from backend.readiness import judging, judging_orders
from backend.readiness.database_judgement import PoolerInFront
from backend.readiness.judgement import Judgement, Unreadable
from backend.results.readiness import Readiness
from backend.results.run_report import ReportHorizons
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.seen import Looked, Refused, Seen, inspect_shop
from backend.shop.shop import Shop
from backend.store.migrate import refuse_unusable
from backend.store.rights_of_ours import refusal_of_ours
from backend.wording.readiness_sentences import readiness_in_words

Answer = TypeVar("Answer")


async def check_shop(
    shop_engine: AsyncEngine,
    our_engine: AsyncEngine,
    shop: Shop,
    as_of: datetime,
    horizons: ReportHorizons,
) -> Readiness:
    """Read the shop as a run would, and say what would spoil its results.

    Parameters
    ----------
    shop_engine, our_engine
        The shop's database and ours.
    shop
        Where its tables are.
    as_of
        The instant that a run would describe.
    horizons
        Of the predictions.

    Raises
    ------
    DatabaseUnavailable
        When one of the databases does not answer.
    """
    inspected = await inspect_shop(shop_engine, shop, as_of)
    ours = await _ours(our_engine)
    pooler = _pooler(shop_engine, our_engine)
    missing: list[Judgement] = [
        judging.missing(one.name, one.problem, one.nearest) for one in inspected.missing
    ]
    if inspected.seen is not None:
        judged = judge(inspected.seen, ours, as_of, horizons)
        return readiness_in_words([*missing, *judged, *pooler])
    if inspected.unreadable is not None:
        problem = str(inspected.unreadable)
        missing.append(Unreadable(code="unreadable", level="error", problem=problem))
    return readiness_in_words([*missing, ours, *pooler])


def _pooler(*engines: AsyncEngine) -> list[Judgement]:
    seen = any(saw_pooler(engine) for engine in engines)
    return [PoolerInFront(code="pooler", level="ok")] if seen else []


async def _ours(engine: AsyncEngine) -> Judgement:
    """Judge whether our tables can be made, brought to this version, and written."""
    try:
        await refuse_unusable(engine)
    except (TablesInTheWay, TablesTooNew) as problem:
        return judging.unusable(str(problem))
    return judging.judge_ours(await refusal_of_ours(engine))


def judge(
    seen: Seen, ours: Judgement, as_of: datetime, horizons: ReportHorizons
) -> tuple[Judgement, ...]:
    """Judge a shop that has been read; `ours` is what was found of our own tables."""
    return (
        judging.judge_mapping(seen.mapping),
        *judging.judge_names(seen.mapping),
        *judging.judge_preset(seen.mapping),
        *judging.judge_missing_ids(seen.columns),
        *judging_orders.judge_orders(seen.columns),
        judging_orders.judge_dates(seen.columns.created_at, seen.mapping),
        *judging_orders.judge_proportions(seen.columns),
        judging.judge_night(seen.columns.created_at, seen.mapping),
        *judging.judge_history(
            seen.columns, as_of, value_days=horizons.prediction_days, churn_days=horizons.churn_days
        ),
        *_judge_looks_at_orders(seen),
        *_judge_looks(seen.looked, seen.mapping),
        ours,
    )


def _judge_looks_at_orders(seen: Seen) -> Iterator[Judgement]:
    """Judge whose orders are, and which might count."""
    looked, mapping, columns = seen.looked, seen.mapping, seen.columns
    yield _judged(
        "open_orders",
        looked.fulfilled,
        lambda counts: judging_orders.judge_open(counts, columns, mapping),
    )
    if isinstance(looked.telling, Refused):
        yield judging.unseen("orders_of_nobody", looked.telling.words)
    else:
        yield from judging_orders.judge_nobodys(looked.telling, columns)
    yield _judged("people", looked.people, lambda pair: judging_orders.judge_people(*pair, mapping))
    yield _judged("tests", looked.tests, lambda pair: judging_orders.judge_tests(*pair))
    if looked.marked is not None:
        yield _judged(
            "marked_tests",
            looked.marked,
            lambda one: judging_orders.judge_marked_tests(
                one.column, one.orders, one.text_type, mapping
            ),
        )
    yield _judged("encodings", looked.mangled, lambda three: judging_orders.judge_names(*three))


def _judge_looks(looked: Looked, mapping: ShopMapping) -> Iterator[Judgement]:
    """Judge what was asked of the shop's database beyond the orders themselves."""
    yield _judged("types", looked.types, judging.judge_kinds)
    yield _judged(
        "statuses", looked.statuses, lambda counts: judging.judge_statuses(counts, mapping)
    )
    yield _judged(
        "currencies", looked.currencies, lambda counts: judging.judge_currencies(counts, mapping)
    )
    yield _judged(
        "unread_currencies",
        looked.hidden_currencies,
        lambda pair: judging_orders.judge_hidden_currencies(*pair, mapping),
    )
    yield _judged("totals", looked.totals, lambda pair: judging.judge_totals(*pair))
    yield _judged("customers", looked.customers, lambda pair: judging.judge_ids(*pair))
    yield _judged("guests", looked.guests, lambda pair: judging.judge_guests(*pair, mapping))
    yield _judged("indexes", looked.indexes, judging.judge_indexes)
    if looked.trigrams is not None:
        yield _judged("search", looked.trigrams, judging.judge_search)
    yield from _judge_who_may_write(looked)


def _judge_who_may_write(looked: Looked) -> Iterator[Judgement]:
    """Judge the rights of the user that reads the shop; a file has no users."""
    if looked.file is not None:
        yield _judged(
            "shop_file",
            looked.file,
            lambda one: judging.judge_file(
                by_service=one.by_service, by_everybody=one.by_everybody
            ),
        )
        return
    yield _judged("shop_user", looked.shop_user, judging.judge_shop_user)
    yield _judged("shop_user_only_reads", looked.powers, judging.judge_powers)


def _judged(code: str, answer: Answer | Refused, judge: Callable[[Answer], Judgement]) -> Judgement:
    """Judge an answer; that there is none is a finding too."""
    return judging.unseen(code, answer.words) if isinstance(answer, Refused) else judge(answer)
