"""Orders become judgements: what is left out and why, and what among the rest is out of place."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import ceil

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import counted_by, distinct
from backend.core.glossary import Reason
from backend.readiness.judgement import Judgement, LeftOutOrders, NoOrdersAtAll, NothingCounts
from backend.readiness.order_judgement import (
    HiddenCurrencies,
    LargestCustomer,
    LargestOrder,
    MangledNames,
    OpenThoughFulfilled,
    OrdersAsTests,
    OrdersMarkedAsTests,
    OrdersOfNobody,
    PlaceholderDates,
    UnmappedPeople,
)
from backend.readiness.what_was_read import ReadingRules, ReadOrders
from backend.results.readiness import Level

# Shares of all orders from which on a reason is worth a warning, and from which on an error.
REASONS: Mapping[Reason, tuple[float, float]] = {
    Reason.NULL_CUSTOMER: (0.05, 0.5),
    Reason.UNKNOWN_CUSTOMER: (0.01, 0.5),
    Reason.NOT_POSITIVE: (0.02, 0.5),
    Reason.NULL_AMOUNT: (0.001, 0.1),
    Reason.NO_RATE: (0.001, 0.1),
    Reason.ABSURD_AMOUNT: (0.001, 0.1),
    Reason.NULL_DATE: (0.001, 0.1),
    Reason.FUTURE_DATE: (0.0, 0.05),
    Reason.DUPLICATE_ORDER_ID: (0.0, 0.01),
}
# Orders that are left out on purpose: what else is the matter with them is nobody's concern.
ON_PURPOSE = {Reason.CANCELLED, Reason.REFUNDED, Reason.OTHER_CURRENCY}
# Most carts are left before they are paid. Where less than this share of orders counts, what is
# wrong with those of other statuses is told too: they may be orders that are waited for.
FEW_COUNT = 0.5
# Some unpaid orders are sent by mistake; a twentieth of all is a way to sell.
MOST_OPEN_THOUGH_FULFILLED = 0.05
# The web shop is younger; 1970 and 1980 are where clocks of computers begin.
FIRST_SHOPS = np.datetime64("1990-01-01")
# A shop pauses for a season, or a year; after five without one order it is another shop.
LONGEST_PAUSE_MONTHS = 60
MOST_PLACEHOLDERS = 0.05
# The best day of a year brings some ten times the usual.
SPIKE_SHARE, SPIKE_MULTIPLE = 0.05, 20
# Medians and shares of fewer orders say little.
FEWEST_TO_COMPARE = 50
# Wholesale next to retail brings orders of a hundred times the median, and hardly a twentieth of
# the revenue by one; a slip of the decimal mark a thousand times.
MOST_OF_ONE_ORDER, MULTIPLE_OF_ONE_ORDER, SLIPPED = 0.05, 50, 1000
# The largest buyer of a shop brings a few per cent; the till's account a third.
MOST_OF_ONE_CUSTOMER, MULTIPLE_OF_ONE_CUSTOMER = 0.2, 50
# Of names beyond ASCII; a copied name or two is nobody's fault.
MOST_MANGLED = 0.01
PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def judge_orders(columns: ReadOrders) -> Iterator[Judgement]:
    """Judge the orders that do not count, by each of their reasons."""
    counted, left_out = len(columns.created_at), columns.left_out
    total = counted + sum(left_out.values())
    if total == 0:
        yield NoOrdersAtAll(code="no_orders", level="error")
        return
    if counted == 0:
        every = _by_reason(left_out, set())
        yield NothingCounts(code="nothing_counts", level="error", orders=total, reasons=every)
    aside = ON_PURPOSE if counted < FEW_COUNT * total else ON_PURPOSE | {Reason.NOT_COUNTED_STATUS}
    counts = _by_reason(left_out, aside)
    for reason, (warning, error) in REASONS.items():
        count = counts.get(reason, 0)
        share = count / total
        level: Level = "error" if share >= error else "warning" if share > warning else "ok"
        yield LeftOutOrders(code=reason, level=level, reason=reason, orders=count, of=total)


def _by_reason(
    left_out: Mapping[tuple[Reason, ...], int], aside: set[Reason]
) -> Mapping[Reason, int]:
    """Count orders by each reason they have, but for those with a reason that is set aside."""
    counts: Counter[Reason] = Counter()
    for reasons, count in left_out.items():
        if aside.isdisjoint(reasons):
            counts.update(dict.fromkeys(reasons, count))
    return dict(counts.most_common())


def judge_open(
    fulfilled: Mapping[str, int], columns: ReadOrders, mapping: ReadingRules
) -> OpenThoughFulfilled:
    """Whether many orders were sent that are not paid, nor counted; `fulfilled` by status."""
    total = len(columns.created_at) + sum(columns.left_out.values())
    lists = mapping.statuses
    waiting = {
        status: count
        for status, count in fulfilled.items()
        if status in lists.open and status not in lists.counted
    }
    many = sum(waiting.values()) > MOST_OPEN_THOUGH_FULFILLED * total
    return OpenThoughFulfilled(
        code="open_though_fulfilled" if many else "open_orders",
        level="warning" if many else "ok",
        fulfilled=waiting,
        of=total,
        counted=tuple(lists.counted),
    )


def judge_nobodys(known_by: Mapping[str, int], columns: ReadOrders) -> Iterator[OrdersOfNobody]:
    """Judge whether something tells whose the orders without a customer are, if many have none."""
    orders = sum(
        count for reasons, count in columns.left_out.items() if Reason.NULL_CUSTOMER in reasons
    )
    share = orders / max(len(columns.created_at) + sum(columns.left_out.values()), 1)
    known = {name: count for name, count in known_by.items() if count}
    if known:
        many = share > REASONS[Reason.NULL_CUSTOMER][0]
        yield OrdersOfNobody(
            code="orders_of_nobody",
            level="warning" if many else "ok",
            orders=orders,
            known_by=known,
        )


def judge_dates(created_at: NDArray[np.datetime64], mapping: ReadingRules) -> PlaceholderDates:
    """Whether dates of counted orders stand for none."""
    believed = believed_dates(created_at)
    early = int((created_at < FIRST_SHOPS).sum())
    far_before = len(created_at) - len(believed) - early
    spiked = _at_one_instant(believed)
    share = (early + far_before + spiked) / max(len(created_at), 1)
    level: Level = "error" if share >= MOST_PLACEHOLDERS else "warning" if share else "ok"
    first = _first_day(believed) if early or far_before else None
    return PlaceholderDates(
        code="placeholder_dates" if share else "dates",
        level=level,
        early=early,
        far_before=far_before,
        at_one_instant=spiked,
        of=len(created_at),
        believed_from=first,
        column=_plain(mapping.order_columns.get("created_at", "created_at")),
        condition=mapping.orders_filter,
    )


def _plain(name: str) -> str:
    return name if PLAIN_NAME.fullmatch(name) else ""


def _first_day(instants: NDArray[np.datetime64]) -> date | None:
    """Return a day before all of them: zones are up to 14 hours apart."""
    if not len(instants):
        return None
    first: date = instants.min().astype("datetime64[D]").item()
    return first - timedelta(days=1)


def believed_dates(created_at: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return the dates that are neither before there were shops nor years before most others."""
    is_late = created_at >= FIRST_SHOPS
    late = created_at if is_late.all() else created_at[is_late]
    months, counts = counted_by(late, "M")
    pauses = np.flatnonzero(np.diff(months.astype(np.int64)) > LONGEST_PAUSE_MONTHS)
    before = [place + 1 for place in pauses if 2 * counts[: place + 1].sum() < len(late)]
    return late[late >= months[before[-1]]] if before else late


def _at_one_instant(instants: NDArray[np.datetime64]) -> int:
    """Count orders at instants that hold too many of all, and many times the usual."""
    if len(instants) < FEWEST_TO_COMPARE:
        return 0
    ascending = np.sort(instants)
    usual = len(instants) / (1 + np.count_nonzero(ascending[1:] != ascending[:-1]))
    fewest = ceil(max(SPIKE_SHARE * len(instants), SPIKE_MULTIPLE * usual))
    begins = ascending[: max(len(ascending) - fewest + 1, 0)]
    spikes = distinct(begins[begins == ascending[fewest - 1 :]])  # so many on it is the same still
    first, last = (ascending.searchsorted(spikes, side) for side in ("left", "right"))
    return int((last - first).sum())


def judge_proportions(columns: ReadOrders) -> Iterator[Judgement]:
    """Judge whether one order or one customer is out of all proportion."""
    amounts = columns.amount_micros
    if len(amounts) < FEWEST_TO_COMPARE:
        return
    share, multiple = _largest(amounts.astype(np.float64))
    large = share >= MOST_OF_ONE_ORDER and multiple >= MULTIPLE_OF_ONE_ORDER
    huge = large or multiple >= SLIPPED
    yield LargestOrder(
        code="order_out_of_proportion" if huge else "largest_order",
        level="warning" if huge else "ok",
        share=share,
        multiple=multiple,
    )
    spent = np.bincount(columns.customer_index, weights=amounts.astype(np.float64))
    share, multiple = _largest(spent[spent > 0].astype(np.float64))
    huge = share >= MOST_OF_ONE_CUSTOMER and multiple >= MULTIPLE_OF_ONE_CUSTOMER
    yield LargestCustomer(
        code="customer_out_of_proportion" if huge else "largest_customer",
        level="warning" if huge else "ok",
        share=share,
        multiple=multiple,
    )


def _largest(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the largest one's share of the sum, and how many times the median it is."""
    largest = values.max()
    return float(largest / values.sum()), float(largest / np.median(values))


def judge_tests(customers: int, orders: int) -> OrdersAsTests:
    """Whether orders count whose customers are called test."""
    return OrdersAsTests(
        code="test_orders" if orders else "tests",
        level="warning" if orders else "ok",
        customers=customers,
        orders=orders,
    )


def judge_people(
    lacking: Sequence[str], similar: Mapping[str, str], mapping: ReadingRules
) -> UnmappedPeople:
    """Whether a search can find people by e-mail and name; what a preset reads is all there is."""
    unmapped = bool(lacking) and not mapping.preset
    plain = {} if mapping.preset else {ours: name for ours, name in similar.items() if _plain(name)}
    return UnmappedPeople(
        code="unmapped_people" if unmapped else "people",
        level="warning" if unmapped else "ok",
        lacking=tuple(lacking),
        similar=plain,
        columns=mapping.customer_columns,
    )


def judge_marked_tests(
    column: str, orders: int, text_type: str, mapping: ReadingRules
) -> OrdersMarkedAsTests:
    """Whether orders count that a column marks as tests; `text_type` is what SQL calls text."""
    plain = _plain(column)
    # No word for true is another one's beginning: a CAST may cut it.
    said = f"LOWER(CAST({plain} AS {text_type}))"
    unmarked = f"COALESCE({said}, '') NOT IN ('1', 'true', 't', 'yes', 'y', 'on')"
    return OrdersMarkedAsTests(
        code="marked_tests" if orders else "unmarked_tests",
        level="warning" if orders else "ok",
        orders=orders,
        column=column,
        unmarked=unmarked if plain else "",
        condition=mapping.orders_filter,
    )


def judge_hidden_currencies(
    column: str, counts: Mapping[str, int], mapping: ReadingRules
) -> HiddenCurrencies:
    """Whether a column that is not read names several currencies."""
    named = {name.upper(): count for name, count in counts.items()}
    several = len([name for name in named if name]) > 1 and not mapping.preset
    return HiddenCurrencies(
        code="hidden_currencies" if several else "unread_currencies",
        level="error" if several else "ok",
        column=column,
        orders=named,
        columns=mapping.order_columns,
    )


def judge_names(beyond_ascii: int, mistaken: int, unreadable: int) -> MangledNames:
    """Whether names are in another encoding than their database takes them to be in."""
    mangled = mistaken + unreadable > MOST_MANGLED * beyond_ascii
    return MangledNames(
        code="mangled_names" if mangled else "encodings",
        level="warning" if mangled else "ok",
        beyond_ascii=beyond_ascii,
        mistaken=mistaken,
        unreadable=unreadable,
    )
