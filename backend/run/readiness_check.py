"""The check: what was seen of the shop is judged; what could not be seen is said."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from backend.database.engine import AsyncEngine
from backend.readiness import judging
from backend.readiness.judgement import Judgement, Unreadable
from backend.results.readiness import Readiness
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.seen import Looked, Refused, Seen, inspect_shop
from backend.shop.shop import Shop
from backend.store.rights_of_ours import can_write_ours
from backend.wording.readiness_sentences import readiness_in_words

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Horizons:
    """How far the predictions look, days."""

    value_days: int
    churn_days: int


async def check_shop(
    shop_engine: AsyncEngine,
    our_engine: AsyncEngine,
    shop: Shop,
    as_of: datetime,
    horizons: Horizons,
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
    may_write = await can_write_ours(our_engine)
    missing: list[Judgement] = [
        judging.missing(one.name, one.problem, one.nearest) for one in inspected.missing
    ]
    if inspected.seen is not None:
        judged = judge(inspected.seen, shop.mapping, may_write, as_of, horizons)
        return readiness_in_words([*missing, *judged])
    if inspected.unreadable is not None:
        problem = str(inspected.unreadable)
        missing.append(Unreadable(code="unreadable", level="error", problem=problem))
    return readiness_in_words([*missing, judging.judge_ours(may_write)])


def judge(
    seen: Seen, mapping: ShopMapping, may_write: bool, as_of: datetime, horizons: Horizons
) -> tuple[Judgement, ...]:
    """Judge a shop that has been read; `may_write` is whether our own tables can be written."""
    return (
        judging.judge_mapping(mapping),
        *judging.judge_orders(seen.columns),
        judging.judge_night(seen.columns.created_at, mapping),
        *judging.judge_history(
            seen.columns, as_of, value_days=horizons.value_days, churn_days=horizons.churn_days
        ),
        *_judge_looks(seen.looked, mapping),
        judging.judge_ours(may_write),
    )


def _judge_looks(looked: Looked, mapping: ShopMapping) -> Iterator[Judgement]:
    """Judge what was asked of the shop's database beyond the orders themselves."""
    yield _judged("types", looked.types, judging.judge_kinds)
    yield _judged(
        "statuses", looked.statuses, lambda counts: judging.judge_statuses(counts, mapping)
    )
    yield _judged(
        "currencies", looked.currencies, lambda counts: judging.judge_currencies(counts, mapping)
    )
    yield _judged("totals", looked.totals, lambda pair: judging.judge_totals(*pair))
    yield _judged("customers", looked.customers, lambda pair: judging.judge_ids(*pair))
    yield _judged("guests", looked.guests, lambda pair: judging.judge_guests(*pair, mapping))
    yield _judged("indexes", looked.indexes, judging.judge_indexes)
    yield _judged("shop_user", looked.shop_user, judging.judge_shop_user)


def _judged(code: str, answer: Answer | Refused, judge: Callable[[Answer], Judgement]) -> Judgement:
    """Judge an answer; that there is none is a finding too."""
    return judging.unseen(code, answer.words) if isinstance(answer, Refused) else judge(answer)
