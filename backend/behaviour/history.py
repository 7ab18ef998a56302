"""What the shop's customers bought and when: the one input of all models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

ONE_DAY = np.timedelta64(1, "D")
# What is worked out for each order is worked out for so many customers at once: of all of a large
# shop it would take as much memory as the orders themselves, again and again.
CUSTOMERS_AT_ONCE = 100_000
DIGIT_BITS = 16


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """Counted orders before `as_of`, sorted by customer, then by time.

    Attributes
    ----------
    as_of
        The instant described, UTC, in microseconds. No order is at or after it.
    offsets
        Shape (customers + 1,). The orders of customer i are ``offsets[i]:offsets[i + 1]``;
        a customer without orders has an empty slice.
    created_at
        Shape (orders,), UTC, in microseconds.
    amount
        Shape (orders,), currency units, positive, net of known partial refunds.
    """

    as_of: np.datetime64
    offsets: NDArray[np.int64]
    created_at: NDArray[np.datetime64]
    amount: NDArray[np.float64]

    @classmethod
    def from_orders(
        cls,
        customer_index: NDArray[np.int64],
        created_at: NDArray[np.datetime64],
        amount: NDArray[np.float64],
        *,
        customer_count: int,
        as_of: np.datetime64,
    ) -> Self:
        """Sort orders given in any sequence; those at or after `as_of` are left out.

        Parameters
        ----------
        customer_index
            Shape (orders,), values in [0, customer_count).
        created_at
            Shape (orders,), UTC.
        amount
            Shape (orders,), currency units, positive and finite.
        customer_count
            Number of customers of the shop, those without orders included.
        as_of
            The instant to describe, UTC.

        Raises
        ------
        ValueError
            When an amount is not positive and finite, or a customer index is out of range.
        """
        as_of = as_of.astype("datetime64[us]")
        index = np.asarray(customer_index, dtype=np.int64)
        created = np.asarray(created_at).astype("datetime64[us]", copy=False)
        money = np.asarray(amount, dtype=np.float64)
        _require_valid(index, money, customer_count)
        known = created < as_of
        if not known.all():
            index, created, money = index[known], created[known], money[known]
        counts = np.bincount(index, minlength=customer_count)
        if not _are_in_order(index, created, money):
            order = in_order(index, created, money)
            created, money = created[order], money[order]
        return cls(as_of, _offsets(counts), created, money)

    @property
    def customer_count(self) -> int:
        """Customers of the shop, those without orders included."""
        return len(self.offsets) - 1

    @property
    def frequency(self) -> NDArray[np.int64]:
        """Counted orders of each customer, shape (customers,)."""
        return np.asarray(self.offsets[1:] - self.offsets[:-1])

    @property
    def customer_index(self) -> NDArray[np.int64]:
        """The customer of each order, shape (orders,), ascending."""
        return np.repeat(np.arange(self.customer_count), self.frequency)

    @property
    def buyers(self) -> NDArray[np.int64]:
        """Customers with an order, ascending."""
        return np.flatnonzero(self.frequency)

    def first_orders(self, buyers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of the first order of each of these customers, who have one."""
        return self.offsets[buyers]

    def last_orders(self, buyers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of the last order of each of these customers, who have one."""
        return self.offsets[buyers + 1] - 1

    def span_days(self, buyers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the days from the first to the last day with orders of these customers."""
        first, last = self.first_orders(buyers), self.last_orders(buyers)
        return day_number(self.created_at[last]) - day_number(self.created_at[first])

    def before(self, cutoff: np.datetime64) -> OrderHistory:
        """Return the history as it was known at `cutoff`: same customers, fewer orders."""
        cutoff = min(cutoff.astype("datetime64[us]"), self.as_of)
        known = self.created_at < cutoff
        counts = self.count_of(known)
        return OrderHistory(cutoff, _offsets(counts), self.created_at[known], self.amount[known])

    def purchase_days(self) -> PurchaseDays:
        """Merge the orders of one customer on one UTC day into one purchase day."""
        begins, day = self._days()
        starts = np.flatnonzero(begins)
        spend = np.add.reduceat(self.amount, starts) if len(starts) else self.amount
        return PurchaseDays(
            as_of_day=int(day_number(self.as_of + (ONE_DAY - np.timedelta64(1, "us")))),
            customer=self._customers_of(begins),
            day=day,
            spend=spend,
            orders=np.diff(starts, append=len(begins)),
        )

    def sums_of_gaps(
        self, *measures: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    ) -> list[NDArray[np.float64]]:
        """Add up what is measured of the days between a customer's purchase days, at least 1 each.

        Returns
        -------
        list of ndarray
            Of each measure the sums of all customers, shape (customers,).
        """
        sums = [np.zeros(self.customer_count) for _ in measures]
        for whose, part in self.parts():
            customer, days = part._gaps()
            for total, measure in zip(sums, measures, strict=True):
                total[whose] = np.bincount(customer, measure(days), part.customer_count)
        return sums

    def parts(self) -> Iterator[tuple[slice, OrderHistory]]:
        """Yield some customers at a time with their history, whose orders are not copied."""
        for first in range(0, self.customer_count, CUSTOMERS_AT_ONCE):
            whose = slice(first, min(first + CUSTOMERS_AT_ONCE, self.customer_count))
            offsets = self.offsets[whose.start : whose.stop + 1]
            rows = slice(offsets[0], offsets[-1])
            created, amount = self.created_at[rows], self.amount[rows]
            yield whose, OrderHistory(self.as_of, offsets - offsets[0], created, amount)

    def count_where(
        self, chosen: Callable[[NDArray[np.datetime64]], NDArray[np.bool_]]
    ) -> NDArray[np.int64]:
        """Count each customer's orders at instants that are chosen, shape (customers,)."""
        counts = np.zeros(self.customer_count, dtype=np.int64)
        for whose, part in self.parts():
            counts[whose] = part.count_of(chosen(part.created_at))
        return counts

    def count_of(self, orders: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count some of the orders of each customer, shape (customers,)."""
        buyers, counts = self.buyers, np.zeros(self.customer_count, dtype=np.int64)
        counts[buyers] = self._true_of_each(orders, buyers)
        return counts

    def order_days(self) -> NDArray[np.int64]:
        """Return on how many days each of the buyers ordered, shape (buyers,)."""
        return self._true_of_each(self._days()[0], self.buyers)

    def _days(self) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Tell which orders are the first of their customer's on their day, and these days."""
        day = day_number(self.created_at)
        begins = _changes(day)
        begins[self.first_orders(self.buyers)] = True
        return begins, day[begins]

    def _gaps(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return whose each gap between purchase days is, and its days."""
        begins, day = self._days()
        customer = self._customers_of(begins)
        within = ~_changes(customer)
        return customer[within], np.diff(day)[within[1:]].astype(float)

    def _customers_of(self, begins: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return whose day each of these orders begins."""
        buyers = self.buyers
        return np.repeat(buyers, self._true_of_each(begins, buyers))

    def _true_of_each(
        self, orders: NDArray[np.bool_], buyers: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Count some of the orders of each buyer."""
        if not len(buyers):
            return np.zeros(0, dtype=np.int64)
        return np.add.reduceat(orders, self.first_orders(buyers), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PurchaseDays:
    """Days on which customers bought, sorted by customer, then by day.

    The purchase day is the unit of all buy-till-you-die models: two orders within an hour are
    one decision to buy, and the literature's data sets are recorded by the day.

    Attributes
    ----------
    as_of_day
        First day number that is not known in full; everybody has bought before it.
    customer
        Shape (days,), index of the customer in the history.
    day
        Shape (days,), days since 1970-01-01 UTC.
    spend
        Shape (days,), currency units.
    orders
        Shape (days,), orders merged into the day, at least 1.
    """

    as_of_day: int
    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    spend: NDArray[np.float64]
    orders: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Shape (buyers,), the row of each buyer's first purchase day."""
        return np.flatnonzero(_changes(self.customer))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Shape (buyers,), purchase days of each buyer, at least 1."""
        starts = self.starts
        return np.append(starts[1:], len(self.customer))[: len(starts)] - starts

    @property
    def buyers(self) -> NDArray[np.int64]:
        """Customers with a purchase day, ascending."""
        return self.customer[self.starts]

    def before(self, cutoff_day: int) -> PurchaseDays:
        """Return the purchase days known at the start of `cutoff_day`."""
        return self._select(self.day < cutoff_day, min(cutoff_day, self.as_of_day))

    def between(self, first_day: int, end_day: int) -> PurchaseDays:
        """Return the purchase days in [first_day, end_day), as known at `end_day`."""
        return self._select((self.day >= first_day) & (self.day < end_day), end_day)

    def of(self, customers: NDArray[np.int64]) -> PurchaseDays:
        """Return the purchase days of the given customers, whose indices are kept."""
        chosen = np.zeros(max(self.customer.max(initial=-1), customers.max(initial=-1)) + 1, bool)
        chosen[customers] = True
        return self._select(chosen[self.customer], self.as_of_day)

    def rows(self, start: int, end: int) -> PurchaseDays:
        """Return a run of purchase days, without copying them."""
        part = slice(start, end)
        return PurchaseDays(
            self.as_of_day, self.customer[part], self.day[part], self.spend[part], self.orders[part]
        )

    def batches(self, buyers: int) -> Iterator[PurchaseDays]:
        """Yield the purchase days of so many customers at a time, without copying them."""
        starts = self.starts[::buyers]
        ends = np.append(starts[1:], len(self.customer))
        for start, end in zip(starts, ends, strict=True):
            yield self.rows(int(start), int(end))

    def _select(self, keep: NDArray[np.bool_], as_of_day: int) -> PurchaseDays:
        return PurchaseDays(
            as_of_day, self.customer[keep], self.day[keep], self.spend[keep], self.orders[keep]
        )


def day_number(instants: NDArray[np.datetime64] | np.datetime64) -> NDArray[np.int64]:
    """Days since 1970-01-01 UTC, rounded down."""
    return np.asarray(instants).astype("datetime64[D]").view(np.int64)


def _are_in_order(
    customer: NDArray[np.int64], created: NDArray[np.datetime64], amount: NDArray[np.float64]
) -> bool:
    """Tell whether orders are as `in_order` puts them: then they need no copy."""
    if (customer[1:] < customer[:-1]).any():
        return False
    same = customer[1:] == customer[:-1]
    if (same & (created[1:] < created[:-1])).any():
        return False
    same &= created[1:] == created[:-1]
    return not (same & (amount[1:] < amount[:-1])).any()


def in_order(
    customer: NDArray[np.int64],
    created: NDArray[np.datetime64],
    amount: NDArray[np.int64] | NDArray[np.float64],
) -> NDArray[np.int64]:
    """Sort by customer, then by time; customers are numbered from 0.

    Equal instants are put in order of amount, so that the rows' sequence never matters. Shops
    mostly hand orders out as they came, and few at one instant: what is sorted by amount is them
    alone. Of five million orders `np.lexsort` takes three times as long.
    """
    order = _by_number(customer, _by_time(created))
    whose, when = customer[order], created[order]
    alike = (whose[1:] == whose[:-1]) & (when[1:] == when[:-1])
    at_once = np.flatnonzero(np.append(alike, False) | np.append(False, alike))
    some = order[at_once]
    order[at_once] = some[np.lexsort((amount[some], when[at_once], whose[at_once]))]
    return order


def _by_time(created: NDArray[np.datetime64]) -> NDArray[np.int64] | None:
    """Return what sorts orders by time; None where they are."""
    if (created[1:] >= created[:-1]).all():
        return None
    return np.argsort(created, kind="stable")


def _by_number(
    numbers: NDArray[np.int64], first: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Sort whole numbers from 0 on, those alike as `first` has them: digit by digit.

    NumPy sorts numbers of 16 bits in passes over all, wider ones by comparing them.
    """
    order = np.arange(len(numbers)) if first is None else first
    for shift in range(0, int(numbers.max(initial=0)).bit_length(), DIGIT_BITS):
        digit = (numbers[order] >> shift).astype(np.uint16)
        order = order[np.argsort(digit, kind="stable")]
    return order


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _changes(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a value differs from the one before it; always at the first."""
    changed = np.ones(len(values), dtype=bool)
    changed[1:] = values[1:] != values[:-1]
    return changed


def _require_valid(
    index: NDArray[np.int64], amount: NDArray[np.float64], customer_count: int
) -> None:
    if len(index) and (index.min() < 0 or index.max() >= customer_count):
        raise ValueError(f"customer_index must lie in [0, {customer_count})")
    if not np.all(np.isfinite(amount) & (amount > 0)):
        raise ValueError("amount must be positive and finite")
