"""What was read becomes judgements: every threshold is here, and in docs/operations.md."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import counted_by
from backend.core.customer_id import LONGEST_ID
from backend.core.errors import DatabaseRefuses, InvalidMapping
from backend.core.glossary import Target
from backend.readiness.database_judgement import (
    OurTables,
    ShopFile,
    ShopUser,
    ShopUserPowers,
    UnusableTables,
)
from backend.readiness.judgement import (
    Buyers,
    ColumnKinds,
    Freshness,
    HistoryLength,
    Judgement,
    MappingHeard,
    MissingIndexes,
    MissingTable,
    OnSearchPath,
    OrdersAtNight,
    PresetRead,
    RepeatedEmails,
    RepeatedIds,
    RowsWithoutId,
    SeenCurrencies,
    SeenStatuses,
    SlowSearch,
    StatedTotals,
    UnequalKinds,
    UnfitKind,
    Unseen,
)
from backend.readiness.judging_orders import believed_dates
from backend.readiness.what_was_read import ReadingRules, ReadOrders
from backend.results.readiness import Level

NIGHT_HOURS = range(1, 6)
FEWEST_ORDERS_WITH_HOURS = 200
MOST_IN_ONE_HOUR = 0.9
# A fifth of the day; shops see some 5 % of their orders then.
MOST_AT_NIGHT = 0.2
MOST_DISAGREEING = 0.1
MOST_UNKNOWN_STATUSES = 0.5
MOST_UNNAMED_CURRENCIES = 0.01
LEAST_DUPLICATE_SHARE = 0.01
MOST_REPEATED_IDS = 0.01
MOST_DAYS_SINCE_LAST_ORDER = 30
FEWEST_BUYERS, FEWEST_TO_GRADE = 20, 50
FITTING_KINDS: Mapping[str, frozenset[str]] = {
    "orders.total_price": frozenset({"decimal", "float", "integer"}),
    "orders.created_at": frozenset({"datetime", "instant"}),
}
EQUAL_KINDS = (("customers.id", "orders.customer_id"), ("orders.id", "line_items.order_id"))
Counts = Mapping[str, int]


def missing(
    name: str, problem: InvalidMapping | DatabaseRefuses, similar: Sequence[str]
) -> MissingTable:
    """Judge that a table or column is missing, or kept from us."""
    return MissingTable(
        code=f"missing_{name}", level="error", problem=str(problem), similar=tuple(similar)
    )


def judge_mapping(mapping: ReadingRules) -> MappingHeard:
    """Whether all that was configured is heard."""
    if not mapping.notes:
        return MappingHeard(code="mapping", level="ok", notes=())
    return MappingHeard(code="unheard", level="warning", notes=tuple(mapping.notes))


def judge_names(mapping: ReadingRules) -> Iterator[OnSearchPath]:
    """Tell where the tables are where nobody named them and they are not in the guide's schema."""
    if mapping.on_search_path:
        yield OnSearchPath(code="search_path", level="ok", tables=mapping.unnamed_tables)


def judge_preset(mapping: ReadingRules) -> Iterator[PresetRead]:
    """Tell what was chosen of a preset by what the database has."""
    if mapping.preset:
        yield PresetRead(
            code="preset",
            level="ok",
            preset=mapping.preset,
            variant=mapping.variant,
            lacking=mapping.lacking,
            stored_lists=mapping.stored_lists,
        )


def judge_ids(customers: int, repeated: int) -> RepeatedIds:
    """Whether several rows of customers have one id."""
    if not repeated:
        return RepeatedIds(code="customer_ids", level="ok", customers=customers, repeated=0)
    return RepeatedIds(
        code="duplicate_customer_id",
        level="error" if repeated >= MOST_REPEATED_IDS * customers else "warning",
        customers=customers,
        repeated=repeated,
    )


def judge_missing_ids(columns: ReadOrders) -> Iterator[RowsWithoutId]:
    """Judge how many rows of customers hold nothing that can be an id, if any do."""
    without, customers = columns.without_id, len(columns.customer_ids)
    if without:
        yield RowsWithoutId(
            code="missing_customer_id",
            level="error" if without >= customers else "warning",
            rows=without,
            customers=customers,
            longest=LONGEST_ID,
        )


def judge_statuses(counts: Counts, mapping: ReadingRules) -> SeenStatuses:
    """Whether each status is in a list."""
    treated = {status: _treatment(status, mapping) for status in counts}
    unknown = sum(counts[status] for status in counts if treated[status] == "not counted")
    level: Level = "ok"
    if "not counted" in treated.values():
        level = "error" if unknown >= MOST_UNKNOWN_STATUSES * sum(counts.values()) else "warning"
    return SeenStatuses(
        code="statuses" if level == "ok" else "unknown_status",
        level=level,
        orders=counts,
        treated=treated,
        counted=tuple(mapping.statuses.counted),
    )


def _treatment(status: str, mapping: ReadingRules) -> str:
    lists = mapping.statuses
    if status in lists.cancelled:
        return "cancelled"
    if status in lists.refunded:
        return "refunded"
    if status in lists.open and status not in lists.counted:
        return "open"
    return "counted" if status == "" or status in lists.counted else "not counted"


def judge_night(created_at: NDArray[np.datetime64], mapping: ReadingRules) -> OrdersAtNight:
    """Whether orders bunch in the shop's night, as they do where a time zone is wrong."""
    hours = _local_hours(believed_dates(created_at), mapping.zone)
    share_of_hour = hours / max(hours.sum(), 1)
    too_few = hours.sum() < FEWEST_ORDERS_WITH_HOURS or share_of_hour.max() > MOST_IN_ONE_HOUR
    share = None if too_few else float(share_of_hour[list(NIGHT_HOURS)].sum())
    level: Level = "ok" if share is None or share <= MOST_AT_NIGHT else "warning"
    return OrdersAtNight(code="time_zone", level=level, share=share, time_zone=mapping.time_zone)


def _local_hours(created_at: NDArray[np.datetime64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Count orders by the shop's hour of the day."""
    stamps, counts = counted_by(created_at, "h")
    hours = np.zeros(24, dtype=np.int64)
    for stamp, count in zip(stamps.tolist(), counts.tolist(), strict=True):
        hours[stamp.replace(tzinfo=UTC).astimezone(zone).hour] += count
    return hours


def judge_currencies(counts: Counts, mapping: ReadingRules) -> SeenCurrencies:
    """Whether amounts of several currencies would be added up, or might be without a trace."""
    if set(counts) == {""} and mapping.preset and not mapping.currency.only:
        return SeenCurrencies(code="unseen_currencies", level="warning", orders=counts)
    named = [name for name in counts if name]
    if mapping.currency.only or mapping.currency.rate:
        return SeenCurrencies(code="currencies", level="ok", orders=counts)
    if len(named) > 1:
        return SeenCurrencies(code="mixed_currencies", level="error", orders=counts)
    most = MOST_UNNAMED_CURRENCIES * sum(counts.values())
    unnamed = bool(named) and counts.get("", 0) > most
    return SeenCurrencies(
        code="unnamed_currencies" if unnamed else "currencies",
        level="warning" if unnamed else "ok",
        orders=counts,
    )


def currency_of(judgements: Iterable[Judgement], mapping: ReadingRules) -> str | None:
    """Return the currency of all amounts that count, such as "EUR"; None where nothing tells one.

    The one that alone counts, else the one that all orders name. What a rate converts to has no
    name.
    """
    if mapping.currency.rate:
        return None
    if mapping.currency.only:
        return mapping.currency.only.upper()
    seen = [one.orders for one in judgements if isinstance(one, SeenCurrencies)]
    named = {name.upper() for orders in seen for name in orders}
    one = named.pop() if len(named) == 1 else ""
    return one if re.fullmatch("[A-Z]{3}", one) else None


def judge_totals(compared: int, disagreeing: int) -> StatedTotals:
    """Whether what customers' rows say of their orders agrees with the orders."""
    disagree = disagreeing / max(compared, 1) > MOST_DISAGREEING
    return StatedTotals(
        code="totals_disagree" if disagree else "totals",
        level="warning" if disagree else "ok",
        compared=compared,
        disagreeing=disagreeing,
    )


def judge_guests(customers: int, repeated: int, mapping: ReadingRules) -> RepeatedEmails:
    """Whether the same e-mail has several customers."""
    fine = mapping.merge_guests or repeated / max(customers, 1) <= LEAST_DUPLICATE_SHARE
    return RepeatedEmails(
        code="guests" if fine else "guest_duplicates",
        level="ok" if fine else "warning",
        customers=customers,
        repeated=repeated,
    )


def judge_history(
    columns: ReadOrders, as_of: datetime, *, value_days: int, churn_days: int
) -> Iterator[Judgement]:
    """Compare history and buyers with what each prediction needs."""
    yield _judge_buyers(int(np.count_nonzero(np.bincount(columns.customer_index))))
    believed = believed_dates(columns.created_at)
    if len(believed) == 0:
        return
    first, last = (
        edge.astype("datetime64[us]").item().replace(tzinfo=UTC)
        for edge in (believed.min(), believed.max())
    )
    yield _judge_freshness((as_of - last) / timedelta(days=1))
    days = (last - first) / timedelta(days=1)
    for target, horizon in ((Target.VALUE, value_days), (Target.CHURN, churn_days)):
        enough = days >= 2 * horizon
        yield HistoryLength(
            code=f"history_for_{target}" if enough else f"short_history_for_{target}",
            level="ok" if enough else "warning",
            target=target,
            days=days,
            horizon_days=horizon,
        )


def _judge_freshness(days: float) -> Freshness:
    fresh = days <= MOST_DAYS_SINCE_LAST_ORDER
    return Freshness(
        code="freshness" if fresh else "stale", level="ok" if fresh else "warning", days=days
    )


def _judge_buyers(buyers: int) -> Buyers:
    enough = buyers >= FEWEST_TO_GRADE
    return Buyers(
        code="buyers" if enough else "few_buyers",
        level="ok" if enough else "warning",
        buyers=buyers,
        wanted_by_segments=FEWEST_BUYERS,
        wanted_by_grades=FEWEST_TO_GRADE,
    )


def judge_kinds(kinds: Mapping[str, str]) -> ColumnKinds:
    """Whether ids that must match are of one kind, and amounts and dates are such."""
    known = (pair for pair in EQUAL_KINDS if kinds.keys() >= set(pair))
    unequal = (UnequalKinds(*pair) for pair in known if kinds[pair[0]] != kinds[pair[1]])
    unfit = (
        UnfitKind(column)
        for column, fitting in FITTING_KINDS.items()
        if column in kinds and kinds[column] not in fitting
    )
    misfits: tuple[UnequalKinds | UnfitKind, ...] = (*unequal, *unfit)
    level: Level = "warning" if misfits else "ok"
    return ColumnKinds(code="types", level=level, kinds=kinds, misfits=misfits)


def judge_indexes(missing: Sequence[str]) -> MissingIndexes:
    """Whether the shop's tables have the indexes that are used."""
    return MissingIndexes(
        code="missing_indexes" if missing else "indexes",
        level="warning" if missing else "ok",
        statements=tuple(missing),
    )


def judge_search(statement: str) -> SlowSearch:
    """Judge that a search by a part of a name has no index; it works all the same."""
    return SlowSearch(code="search", level="ok", statement=statement)


def unusable(problem: str) -> UnusableTables:
    """Judge that our own tables cannot be brought to this version."""
    return UnusableTables(code="our_tables_unusable", level="error", problem=problem)


def judge_ours(refused: str | None) -> OurTables:
    """Judge whether our tables can be written; `refused` says what keeps us from it."""
    return OurTables(
        code="our_tables" if refused is None else "our_tables_read_only",
        level="ok" if refused is None else "error",
        refused=refused,
    )


def judge_shop_user(writable: Sequence[str]) -> ShopUser:
    """Judge the rights on the shop's tables of the user that reads them."""
    return ShopUser(
        code="shop_is_writable" if writable else "shop_user",
        level="warning" if writable else "ok",
        writable=tuple(writable),
    )


def judge_powers(powers: Sequence[str]) -> ShopUserPowers:
    """Judge what the user that reads the shop may do besides."""
    return ShopUserPowers(
        code="shop_user_may_more" if powers else "shop_user_only_reads",
        level="warning" if powers else "ok",
        powers=tuple(powers),
    )


def judge_file(*, by_service: bool, by_everybody: bool) -> ShopFile:
    """Judge who may write the shop's file."""
    return ShopFile(
        code="shop_file_is_writable" if by_everybody else "shop_file",
        level="warning" if by_everybody else "ok",
        by_service=by_service,
        by_everybody=by_everybody,
    )


def unseen(code: str, obstacle: str) -> Unseen:
    """Judge that something could not be looked at."""
    return Unseen(code=code, level="warning", obstacle=obstacle)
