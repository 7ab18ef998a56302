"""Facts become findings: every threshold of the check is here, and in docs/operations.md."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from backend.core.customer_id import LONGEST_ID
from backend.core.errors import InvalidMapping
from backend.readiness.finding import Finding, Level
from backend.shop.mapping.mapping import ShopMapping
from backend.shop.orders import ShopColumns

# Shares of all orders from which on a reason is worth a warning, and from which on an error.
REASONS: Mapping[str, tuple[float, float, str]] = {
    "null_customer": (0.05, 0.5, "have no customer and count for nobody"),
    "unknown_customer": (0.01, 0.5, "name a customer who is not in the customers' table"),
    "not_positive": (0.02, 0.5, "have a total of zero or less and do not count"),
    "null_amount": (0.001, 0.1, "have no total"),
    "no_rate": (0.001, 0.1, "have no exchange rate above zero"),
    "absurd_amount": (0.001, 0.1, "have a total that is no sane number"),
    "null_date": (0.001, 0.1, "have no date, or one that cannot be read"),
    "future_date": (0.0, 0.05, "are dated in the future"),
    "duplicate_order_id": (0.0, 0.01, "repeat an order's id; the earliest of each counts"),
}
NIGHT_HOURS = range(1, 6)
FEWEST_ORDERS_WITH_HOURS = 200
MOST_IN_ONE_HOUR = 0.9
# A fifth of the day; shops see some 5 % of their orders then.
MOST_AT_NIGHT = 0.2
MOST_DISAGREEING = 0.1
LEAST_DUPLICATE_SHARE = 0.01
MOST_REPEATED_IDS = 0.01
MOST_DAYS_SINCE_LAST_ORDER = 30
FEWEST_BUYERS, FEWEST_TO_GRADE = 20, 50
Counts = Mapping[str, int]


def missing(name: str, problem: InvalidMapping, near: Sequence[str]) -> Finding:
    """Say that a table or column is missing, and which tables are called alike."""
    hint = f" Tables with a similar name: {', '.join(near)}." if near else ""
    return Finding(f"missing_{name}", "error", f"{problem}{hint}", {"nearest": list(near)})


def judge_mapping(mapping: ShopMapping) -> Finding:
    """Whether all that was configured is heard."""
    if not mapping.notes:
        return Finding("mapping", "ok", "All that is configured of the shop is heard.")
    return Finding("unheard", "warning", " ".join(mapping.notes), {"notes": list(mapping.notes)})


def judge_ids(customers: int, repeated: int) -> Finding:
    """Whether several rows of customers have one id."""
    facts = {"customers": customers, "repeated": repeated}
    if not repeated:
        return Finding("customer_ids", "ok", "Each customer has an id of their own.", facts)
    return Finding(
        "duplicate_customer_id",
        "error" if repeated >= MOST_REPEATED_IDS * customers else "warning",
        f"{repeated:,} of {customers:,} customers repeat another's id and are taken for one: does "
        "the table hold versions or copies?",
        facts,
    )


def judge_missing_ids(columns: ShopColumns) -> Iterator[Finding]:
    """Say how many rows of customers hold nothing that can be an id, if any do."""
    without, customers = columns.without_id, len(columns.customer_ids)
    if without:
        yield Finding(
            "missing_customer_id",
            "error" if without >= customers else "warning",
            f"{without:,} rows of the customers' table hold no id that can be kept, and are left "
            f"out: NULL, an empty text, one longer than {LONGEST_ID} characters, or with a NUL "
            "character.",
            {"rows": without, "customers": customers},
        )


def judge_statuses(counts: Counts, mapping: ShopMapping) -> Finding:
    """Say how each status is treated; one that no list names is named."""
    lists = mapping.statuses
    treated = {status: _treatment(status, mapping) for status in counts}
    facts = {"statuses": {s: {"orders": n, "treated": treated[s]} for s, n in counts.items()}}
    unknown = [status for status in counts if treated[status] == "not counted"]
    total = sum(counts.values())
    if not unknown:
        seen = ", ".join(f"{s or 'no status'}: {treated[s]}" for s in counts) or "none"
        return Finding("statuses", "ok", f"Statuses seen: {seen}.", facts)
    share = sum(counts[status] for status in unknown) / total
    named = ", ".join(f"'{status}' ({counts[status]:,} orders)" for status in unknown[:5])
    known = ", ".join(lists.counted)
    return Finding(
        "unknown_status",
        "error" if share >= 0.5 else "warning",
        f"No list names the status {named}: these orders do not count. Counted are {known}; "
        "set COUNTED_STATUSES, CANCELLED_STATUSES or REFUNDED_STATUSES.",
        facts,
    )


def _treatment(status: str, mapping: ShopMapping) -> str:
    lists = mapping.statuses
    if status in lists.cancelled:
        return "cancelled"
    if status in lists.refunded:
        return "refunded"
    if status in lists.open and status not in lists.counted:
        return "open"
    return "counted" if status == "" or status in lists.counted else "not counted"


def judge_orders(columns: ShopColumns) -> Iterator[Finding]:
    """Judge the orders that do not count, by reason."""
    total = len(columns.created_at) + sum(columns.rejected.values())
    if total == 0:
        yield Finding("no_orders", "error", "There are no orders: is this the right table?")
        return
    if len(columns.created_at) == 0:
        yield Finding(
            "nothing_counts", "error", f"None of {total:,} orders counts: see the other findings."
        )
    for reason, (warning, error, words) in REASONS.items():
        count = columns.rejected.get(reason, 0)
        share = count / total
        level: Level = "error" if share >= error else "warning" if share > warning else "ok"
        sentence = f"{count:,} of {total:,} orders ({share:.1%}) {words}."
        yield Finding(reason, level, sentence, {"orders": count, "share": round(share, 4)})


def judge_night(created_at: NDArray[np.datetime64], mapping: ShopMapping) -> Finding:
    """Whether orders bunch in the shop's night, as they do where a time zone is wrong."""
    hours = _local_hours(created_at, mapping.zone)
    share_of_hour = hours / max(hours.sum(), 1)
    if hours.sum() < FEWEST_ORDERS_WITH_HOURS or share_of_hour.max() > MOST_IN_ONE_HOUR:
        return Finding("time_zone", "ok", "Too few orders tell the time of day to judge the zone.")
    at_night = float(share_of_hour[list(NIGHT_HOURS)].sum())
    facts = {"share_from_1_to_6": round(at_night, 4), "time_zone": mapping.time_zone}
    if at_night <= MOST_AT_NIGHT:
        return Finding(
            "time_zone",
            "ok",
            f"{at_night:.0%} of the orders were placed between 1 and 6 at night in "
            f"{mapping.time_zone}.",
            facts,
        )
    return Finding(
        "time_zone",
        "warning",
        f"{at_night:.0%} of the orders were placed between 1 and 6 at night in "
        f"{mapping.time_zone}: is the zone right? Set SHOP_TIME_ZONE.",
        facts,
    )


def _local_hours(created_at: NDArray[np.datetime64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Count orders by the shop's hour of the day."""
    stamps, counts = np.unique(created_at.astype("datetime64[h]"), return_counts=True)
    hours = np.zeros(24, dtype=np.int64)
    for stamp, count in zip(stamps.tolist(), counts.tolist(), strict=True):
        hours[stamp.replace(tzinfo=UTC).astimezone(zone).hour] += count
    return hours


def judge_currencies(counts: Counts, mapping: ShopMapping) -> Finding:
    """Whether amounts of several currencies would be added up."""
    facts = {"currencies": dict(counts)}
    if len(counts) < 2 or mapping.currency.only or mapping.currency.rate:
        return Finding("currencies", "ok", "Amounts are in one currency, or are made so.", facts)
    named = ", ".join(f"{name or 'none'} ({count:,})" for name, count in counts.items())
    return Finding(
        "mixed_currencies",
        "error",
        f"Orders are in several currencies, {named}, and would be added as they are: set CURRENCY "
        "to count one, or CURRENCY_RATE to convert.",
        facts,
    )


def judge_totals(compared: int, disagreeing: int) -> Finding:
    """Whether what customers' rows say of their orders agrees with the orders."""
    if compared == 0:
        return Finding("totals", "ok", "The customers' table says nothing of their orders.")
    share = disagreeing / compared
    facts = {"customers": compared, "disagreeing": disagreeing}
    level: Level = "warning" if share > MOST_DISAGREEING else "ok"
    advice = " Are orders missing, or other statuses counted there?" if level == "warning" else ""
    return Finding(
        "totals_disagree" if level == "warning" else "totals",
        level,
        f"total_spent or orders_count disagree with the orders of {disagreeing:,} of {compared:,} "
        f"customers ({share:.0%}).{advice}",
        facts,
    )


def judge_guests(customers: int, repeated: int, mapping: ShopMapping) -> Finding:
    """Whether the same e-mail has several customers."""
    share = repeated / max(customers, 1)
    facts = {"customers": customers, "repeated": repeated}
    if mapping.merge_guests or share <= LEAST_DUPLICATE_SHARE:
        return Finding("guests", "ok", "Hardly any e-mail has several customers.", facts)
    return Finding(
        "guest_duplicates",
        "warning",
        f"{repeated:,} customers ({share:.0%}) repeat another's e-mail: set MERGE_GUESTS=true to "
        "make them one.",
        facts,
    )


def judge_history(
    columns: ShopColumns, as_of: datetime, *, value_days: int, churn_days: int
) -> Iterator[Finding]:
    """Compare history and buyers with what each prediction needs."""
    buyers = len(np.unique(columns.customer_index))
    yield _judge_buyers(buyers)
    if len(columns.created_at) == 0:
        return
    first, last = (
        edge.astype("datetime64[us]").item().replace(tzinfo=UTC)
        for edge in (columns.created_at.min(), columns.created_at.max())
    )
    yield _judge_freshness(last, as_of)
    days = (last - first) / timedelta(days=1)
    for what, horizon in (("value", value_days), ("churn", churn_days)):
        enough = days >= 2 * horizon
        need = f"its backtest over {horizon} days wants {2 * horizon}"
        end = "" if enough else ": it is tried over a shorter time, and less sure"
        yield Finding(
            f"history_for_{what}" if enough else f"short_history_for_{what}",
            "ok" if enough else "warning",
            f"There are {days:.0f} days of history for {what}; {need}{end}.",
            {"days": round(days), "wanted": 2 * horizon},
        )


def _judge_freshness(last: datetime, as_of: datetime) -> Finding:
    days = (as_of - last) / timedelta(days=1)
    facts = {"days_since_last_order": round(days)}
    if days <= MOST_DAYS_SINCE_LAST_ORDER:
        return Finding("freshness", "ok", f"The last order is {days:.0f} days old.", facts)
    return Finding(
        "stale",
        "warning",
        f"The last order is {days:.0f} days old, so everybody seems to be leaving: is the copy up "
        "to date? A historical shop is run with an as_of of its own.",
        facts,
    )


def _judge_buyers(buyers: int) -> Finding:
    facts = {"buyers": buyers}
    if buyers >= FEWEST_TO_GRADE:
        return Finding("buyers", "ok", f"{buyers:,} customers have ordered.", facts)
    lacking = "one segment, no grades" if buyers < FEWEST_BUYERS else "no grades"
    return Finding(
        "few_buyers",
        "warning",
        f"Only {buyers} customers have ordered: segments want {FEWEST_BUYERS}, grades "
        f"{FEWEST_TO_GRADE}; there will be {lacking}.",
        facts,
    )


def judge_kinds(kinds: Mapping[str, str]) -> Iterator[Finding]:
    """Whether ids that must match are of one kind, and amounts and dates are such."""
    pairs = (("customers.id", "orders.customer_id"), ("orders.id", "line_items.order_id"))
    wrong = [
        f"{ours} is {kinds[ours]}, {theirs} is {kinds[theirs]}"
        for ours, theirs in pairs
        if ours in kinds and theirs in kinds and kinds[ours] != kinds[theirs]
    ]
    wrong += [
        f"{name} is {kinds[name]}, expected {expected}"
        for name, expected, fits in (
            ("orders.total_price", "a number", ("decimal", "float", "integer")),
            ("orders.created_at", "a date", ("datetime", "instant")),
        )
        if name in kinds and kinds[name] not in fits
    ]
    if wrong:
        sentence = f"Types do not fit and are converted: {'; '.join(wrong)}."
        yield Finding("types", "warning", sentence, dict(kinds))
    else:
        yield Finding("types", "ok", "The columns' types fit.", dict(kinds))


def judge_indexes(missing: Sequence[str]) -> Finding:
    """Say which indexes the shop's tables lack."""
    if not missing:
        return Finding("indexes", "ok", "The shop's tables have the indexes that are used.")
    return Finding(
        "missing_indexes",
        "warning",
        f"Reading would be quicker with {len(missing)} more: {' '.join(missing)}",
        {"statements": list(missing)},
    )


def judge_ours(can_write: bool) -> Finding:
    """Judge the rights of the user of our database."""
    if can_write:
        return Finding("our_tables", "ok", "Our tables can be written.")
    return Finding(
        "our_tables_read_only",
        "error",
        "The user of our database may not make and write our tables: grant it, or set "
        "INTELLIGENCE_DATABASE_URL.",
    )


def judge_shop_user(writable: Sequence[str]) -> Finding:
    """Judge the rights of the user that reads the shop."""
    if not writable:
        sentence = "The user that reads the shop may not change the tables that are read."
        return Finding("shop_user", "ok", sentence)
    return Finding(
        "shop_is_writable",
        "warning",
        f"The user that reads the shop may change {', '.join(writable)}: a read-only user is "
        "recommended.",
        {"tables": list(writable)},
    )


def unseen(code: str, error: Exception) -> Finding:
    """Say that something could not be looked at."""
    reason: Any = getattr(error, "orig", None) or error
    said = str(error) if isinstance(error, InvalidMapping) else f"{type(reason).__name__}."
    return Finding(code, "warning", f"Could not be looked at: {said}")
