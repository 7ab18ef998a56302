"""What a check found of orders that count, or might count; numbers with a level."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from backend.readiness.judgement import Judgement
from backend.results.readiness import Facts


def both(condition: str | None, more: str) -> str:
    """Return the condition that one holds, where there is one, and another."""
    return f"({condition}) AND {more}" if condition else more


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenThoughFulfilled(Judgement):
    """Orders that are not paid and yet were sent, as cash on delivery is.

    Attributes
    ----------
    fulfilled
        Such orders by status, none of which counts.
    of
        All orders.
    counted
        Statuses that the lists count.
    """

    fulfilled: Mapping[str, int]
    of: int
    counted: tuple[str, ...]

    @property
    def orders(self) -> int:
        """How many there are."""
        return sum(self.fulfilled.values())

    @property
    def facts(self) -> Facts:
        return {"orders": self.orders, "of": self.of, "statuses": dict(self.fulfilled)}

    @property
    def settings(self) -> Mapping[str, str]:
        if self.level == "ok":
            return {}
        return {"COUNTED_STATUSES": ",".join((*self.counted, *self.fulfilled))}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersOfNobody(Judgement):
    """Orders without a customer, and how many of them have what could tell whose they are.

    Attributes
    ----------
    orders
        Without a customer.
    known_by
        How many have something in a column of the shop's that looks like an e-mail or a phone.
    """

    orders: int
    known_by: Mapping[str, int]

    @property
    def facts(self) -> Facts:
        return {"orders": self.orders, "known_by": dict(self.known_by)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceholderDates(Judgement):
    """Counted orders whose date stands for none.

    Attributes
    ----------
    early
        Before there were shops like these.
    far_before
        Years before all others.
    at_one_instant
        At an instant that far too many orders share.
    of
        Counted orders.
    believed_from
        The first day that is believed; None where the early dates are.
    column, condition
        The shop's name for the date, "" where it has none that can be written as it is; and what
        filters orders already.
    """

    early: int
    far_before: int
    at_one_instant: int
    of: int
    believed_from: date | None
    column: str = ""
    condition: str | None = None

    @property
    def facts(self) -> Facts:
        return {
            "early": self.early,
            "far_before": self.far_before,
            "at_one_instant": self.at_one_instant,
            "of": self.of,
        }

    @property
    def settings(self) -> Mapping[str, str]:
        if not self.column or self.believed_from is None:
            return {}
        believed = f"{self.column} >= '{self.believed_from}'"
        return {"ORDERS_FILTER": both(self.condition, believed)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfProportion(Judgement):
    """How much of the revenue the largest order, or the largest customer, brings.

    Attributes
    ----------
    share
        Of all revenue, in [0, 1].
    multiple
        Of the median one's revenue.
    """

    share: float
    multiple: float

    @property
    def facts(self) -> Facts:
        return {"share": round(self.share, 4), "multiple": round(self.multiple, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestOrder(OutOfProportion):
    """The largest order, beside the median one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestCustomer(OutOfProportion):
    """The customer of the most revenue, beside the median buyer; one may stand for many guests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersAsTests(Judgement):
    """Counted orders of customers who are called test, and those customers."""

    customers: int
    orders: int

    @property
    def facts(self) -> Facts:
        return {"customers": self.customers, "orders": self.orders}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedPeople(Judgement):
    """What a search finds people by, and is not read.

    Attributes
    ----------
    lacking
        "email", or "first_name" and "last_name".
    similar
        The shop's columns that look like them.
    columns
        What is called otherwise already.
    """

    lacking: tuple[str, ...]
    similar: Mapping[str, str]
    columns: Mapping[str, str]

    @property
    def facts(self) -> Facts:
        return {"lacking": list(self.lacking), "similar": dict(self.similar)}

    @property
    def settings(self) -> Mapping[str, str]:
        if self.level == "ok" or not self.similar:
            return {}
        called = {**self.columns, **self.similar}
        return {"CUSTOMERS_COLUMNS": ",".join(f"{ours}={name}" for ours, name in called.items())}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersMarkedAsTests(Judgement):
    """Counted orders that a column of the shop's marks as tests.

    Attributes
    ----------
    orders
        How many there are.
    column
        The shop's.
    unmarked
        The condition, in SQL, that an order is none; "" where the column has no plain name.
    condition
        What filters orders already.
    """

    orders: int
    column: str
    unmarked: str
    condition: str | None = None

    @property
    def facts(self) -> Facts:
        return {"orders": self.orders, "column": self.column}

    @property
    def settings(self) -> Mapping[str, str]:
        if self.level == "ok" or not self.unmarked:
            return {}
        return {"ORDERS_FILTER": both(self.condition, self.unmarked)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenCurrencies(Judgement):
    """Currencies that a column of the shop's names, and that is not read.

    Attributes
    ----------
    column
        The shop's; "" where there is none.
    orders
        By what it says in capital letters, the commonest first.
    columns
        Columns of orders that are called otherwise already.
    """

    column: str
    orders: Mapping[str, int]
    columns: Mapping[str, str]

    @property
    def facts(self) -> Facts:
        return {"column": self.column, "currencies": dict(self.orders)} if self.column else {}

    @property
    def settings(self) -> Mapping[str, str]:
        if self.level == "ok":
            return {}
        called = {**self.columns, "currency": self.column}
        commonest = next(name for name in self.orders if name)
        return {
            "ORDERS_COLUMNS": ",".join(f"{ours}={name}" for ours, name in called.items()),
            "CURRENCY": commonest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MangledNames(Judgement):
    """Names of customers that are in another encoding than their database takes them to be in.

    Attributes
    ----------
    beyond_ascii
        Names and e-mails with a letter that ASCII has not, as far as they were looked at.
    mistaken
        Those that are UTF-8 whose bytes were taken for another encoding's.
    unreadable
        Those that are no text.
    """

    beyond_ascii: int
    mistaken: int
    unreadable: int

    @property
    def facts(self) -> Facts:
        return {
            "beyond_ascii": self.beyond_ascii,
            "mistaken": self.mistaken,
            "unreadable": self.unreadable,
        }
