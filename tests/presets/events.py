"""What happens in a shop, and what it comes to: people, orders, payments, refunds, in plain Python.

Platforms differ in how they write it down (`writers`); what they are compared with is made of the
events alone, and knows no SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeVar

import numpy as np

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
HISTORY_DAYS = 730
PEOPLE = 60
ORDERS_OF_NOBODY = 3
# The number of the one who asks to be forgotten, after having ordered.
ERASED = 11
CENT = Decimal("0.01")
NOTHING = Decimal(0)
BASE, FOREIGN = "EUR", "USD"
# What a unit of the base currency is worth in the other: no binary fraction, and exact in decimals.
FOREIGN_RATE = Decimal("1.25")
Choice = TypeVar("Choice")


class Happening(StrEnum):
    """What can happen to an order."""

    PLACED = "placed"
    PAID = "paid"
    AUTHORISED = "authorised"
    FAILED = "failed"
    SHIPPED = "shipped"
    EDITED = "edited"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    MARKED_REFUNDED = "marked refunded"
    RETURNED = "returned"
    CLOSED = "closed"
    DELETED = "deleted"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an order, and the amount that it is about."""

    what: Happening
    amount: Decimal = NOTHING


Story = Callable[[Decimal], tuple[Event, ...]]


def _quarter(total: Decimal) -> Decimal:
    return (total / 4).quantize(CENT)


def _paid(total: Decimal, *later: Event) -> tuple[Event, ...]:
    return Event(Happening.PLACED, total), Event(Happening.PAID, total), *later


STORIES: Mapping[str, Story] = {
    "cart": lambda total: (),
    "unpaid": lambda total: (Event(Happening.PLACED, total),),
    "authorised": lambda total: (
        Event(Happening.PLACED, total),
        Event(Happening.AUTHORISED, total),
    ),
    "failed": lambda total: (Event(Happening.PLACED, total), Event(Happening.FAILED)),
    "paid": _paid,
    "shipped": lambda total: _paid(total, Event(Happening.SHIPPED, total)),
    "partly_shipped": lambda total: _paid(total, Event(Happening.SHIPPED, _quarter(total))),
    "partly_paid": lambda total: (
        Event(Happening.PLACED, total),
        Event(Happening.PAID, _quarter(total)),
    ),
    "edited": lambda total: (
        Event(Happening.PLACED, total + 7),
        Event(Happening.EDITED, total),
        Event(Happening.PAID, total),
    ),
    "cancelled_unpaid": lambda total: (
        Event(Happening.PLACED, total),
        Event(Happening.CANCELLED, total),
    ),
    "cancelled_paid": lambda total: _paid(total, Event(Happening.CANCELLED, total)),
    "partly_cancelled": lambda total: (
        Event(Happening.PLACED, total),
        Event(Happening.PAID, total - _quarter(total)),
        Event(Happening.CANCELLED, _quarter(total)),
    ),
    "partly_refunded": lambda total: _paid(total, Event(Happening.REFUNDED, _quarter(total))),
    "refunded_twice": lambda total: _paid(
        total,
        Event(Happening.SHIPPED, total),
        Event(Happening.REFUNDED, _quarter(total)),
        Event(Happening.REFUNDED, CENT),
    ),
    "refunded": lambda total: _paid(total, Event(Happening.REFUNDED, total)),
    "returned": lambda total: _paid(
        total,
        Event(Happening.SHIPPED, total),
        Event(Happening.RETURNED, total / 2),
        Event(Happening.REFUNDED, _quarter(total)),
    ),
    # All of it came back, and a fee was kept.
    "fee_kept": lambda total: _paid(
        total,
        Event(Happening.SHIPPED, total),
        Event(Happening.REFUNDED, total - _quarter(total)),
        Event(Happening.CLOSED),
    ),
    "marked_refunded": lambda total: _paid(total, Event(Happening.MARKED_REFUNDED, total)),
    "deleted": lambda total: _paid(total, Event(Happening.DELETED)),
    "test": lambda total: _paid(total, Event(Happening.TEST)),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has an account or ordered as a guest."""

    number: int
    guest: bool

    @property
    def first_name(self) -> str:
        """First name."""
        return f"First{self.number}"

    @property
    def last_name(self) -> str:
        """Last name."""
        return f"Last{self.number}"

    @property
    def email(self) -> str:
        """E-mail in lower case; of two guests they differ in an accent alone."""
        name = {8: "jose", 16: "jos\u00e9"}.get(self.number, f"person{self.number}")
        return f"{name}@example.org"

    @property
    def guest_id(self) -> str:
        """Id of a guest where ids are made of e-mails."""
        return f"guest:{self.email}"


@dataclass(frozen=True, slots=True)
class Order:
    """One order and what became of it.

    Attributes
    ----------
    person
        Whose it is; None for nobody's.
    at
        When it was placed, or the cart begun.
    wanted
        What was in the cart, in the base currency.
    currency
        Which currency the amounts of its events are in.
    """

    number: int
    story: str
    person: Person | None
    at: datetime
    wanted: Decimal
    currency: str
    events: tuple[Event, ...]

    def sum_of(self, what: Happening) -> Decimal:
        """Return the amounts of all such events together."""
        return sum((event.amount for event in self.events if event.what is what), NOTHING)

    def amounts_of(self, what: Happening) -> list[Decimal]:
        """Return the amounts of all such events, the first one first."""
        return [event.amount for event in self.events if event.what is what]

    def has(self, *what: Happening) -> bool:
        """Tell whether one of these happened."""
        return any(event.what in what for event in self.events)

    @property
    def rate(self) -> Decimal:
        """What a unit of the base currency is worth in the order's."""
        return FOREIGN_RATE if self.currency == FOREIGN else Decimal(1)

    @property
    def total(self) -> Decimal:
        """What it is about, as it was last edited."""
        stated = [
            one.amount for one in self.events if one.what in {Happening.PLACED, Happening.EDITED}
        ]
        return stated[-1] if stated else self.wanted * self.rate

    @property
    def paid(self) -> Decimal:
        """What came in."""
        return self.sum_of(Happening.PAID)

    @property
    def refunded(self) -> Decimal:
        """What went back."""
        return self.sum_of(Happening.REFUNDED)

    @property
    def cancelled(self) -> bool:
        """Whether all of it was called off."""
        return self.sum_of(Happening.CANCELLED) == self.total and self.is_placed

    @property
    def gone_back(self) -> bool:
        """Whether all that came in went back."""
        return self.has(Happening.MARKED_REFUNDED) or (0 < self.paid <= self.refunded)

    @property
    def is_placed(self) -> bool:
        """Whether it is more than a cart."""
        return self.has(Happening.PLACED)

    @property
    def naive(self) -> datetime:
        """The instant in UTC, without saying so."""
        return self.at.replace(tzinfo=None)

    @property
    def email(self) -> str:
        """The e-mail as typed that day: guests are careless about case and blanks."""
        if self.person is None:
            return ""
        email = self.person.email
        return self.any_of(email, email.upper(), f"{email} ", f" {email.upper()}")

    @property
    def account(self) -> int | None:
        """Number of the account that it was placed with."""
        return None if self.person is None or self.person.guest else self.person.number

    @property
    def account_left(self) -> int | None:
        """The account, unless it was deleted with whoever was erased."""
        return None if is_erased(self.person) else self.account

    def any_of(self, *choices: Choice) -> Choice:
        """Return one of several things that mean the same."""
        return choices[self.number % len(choices)]


@dataclass(frozen=True, slots=True)
class ShopEvents:
    """People and their orders.

    Attributes
    ----------
    people
        Accounts and guests.
    orders
        All orders and carts.
    erased
        Who asked to be forgotten, after having ordered.
    """

    people: Sequence[Person]
    orders: Sequence[Order]
    erased: Person

    @property
    def accounts_left(self) -> list[Person]:
        """Those with an account, without whoever was erased."""
        return [one for one in self.people if not one.guest and not is_erased(one)]

    def orders_of(self, person: Person) -> list[Order]:
        """Return somebody's orders and carts."""
        return [order for order in self.orders if order.person == person]


Guests = Literal["none", "own_row", "by_email", "repeated_rows"]


@dataclass(frozen=True, slots=True)
class Holds:
    """What a platform can hold, and what of it a right reading counts.

    Attributes
    ----------
    stories
        What can become of an order there.
    guests
        How it keeps those who order without an account.
    currencies
        What becomes of an order in another currency: there is none, it is converted, or it keeps
        its currency and is left out where CURRENCY names another.
    counts
        Whether an order is worth its total, or what was paid of it.
    authorised_counts
        Whether a payment that was only authorised counts.
    unpaid_counts
        Whether an order counts before anything was paid, as an invoice does.
    erased
        What becomes of an erased person's orders: they stay with the id, are nobody's, or are a
        guest's.
    only_with_orders
        Whether an account is a customer only when it has an order.
    traceless
        Stories that do not say that whoever was about to order exists.
    """

    stories: tuple[str, ...]
    guests: Guests = "none"
    currencies: Literal["one", "converted", "kept"] = "kept"
    counts: Literal["total", "paid"] = "total"
    authorised_counts: bool = False
    unpaid_counts: bool = False
    erased: Literal["stays", "nobody", "guest"] = "stays"
    only_with_orders: bool = False
    traceless: tuple[str, ...] = field(default=("cart",))

    def brings(self, order: Order) -> Decimal:
        """Return what an order is worth in the base currency; 0 where it does not count."""
        if not order.is_placed or order.has(Happening.TEST, Happening.DELETED):
            return NOTHING
        if order.cancelled or order.gone_back or order.has(Happening.FAILED):
            return NOTHING
        authorised = self.authorised_counts and order.has(Happening.AUTHORISED)
        if order.paid == 0 and not authorised and not self.unpaid_counts:
            return NOTHING
        if self.currencies == "kept" and order.currency != BASE:
            return NOTHING
        whole = order.total - order.sum_of(Happening.CANCELLED)
        came = order.paid if self.counts == "paid" else whole
        return (came - order.refunded) / order.rate


@dataclass(frozen=True, slots=True)
class Expected:
    """What a right reading finds of one customer: orders by time, and what each brought."""

    person: Person
    brought: Mapping[datetime, Decimal]


def expected(shop: ShopEvents, holds: Holds) -> list[Expected]:
    """Return who exists, with the orders that count, by the events alone."""
    found = []
    for person in shop.people:
        if not _exists(shop, holds, person):
            continue
        worth = {order.naive: holds.brings(order) for order in shop.orders_of(person)}
        found.append(Expected(person, {at: sum_ for at, sum_ in worth.items() if sum_ > 0}))
    return found


def is_erased(person: Person | None) -> bool:
    """Tell whether somebody asked to be forgotten."""
    return person is not None and person.number == ERASED


def _exists(shop: ShopEvents, holds: Holds, person: Person) -> bool:
    if person == shop.erased and holds.erased == "nobody":
        return False
    now_guest = person.guest or (person == shop.erased and holds.erased == "guest")
    if holds.only_with_orders or (now_guest and holds.guests == "by_email"):
        return any(
            order.is_placed and order.story not in holds.traceless
            for order in shop.orders_of(person)
        )
    return True


def happened(holds: Holds, seed: int = 0) -> ShopEvents:
    """Let a shop go through all that the platform can hold, each story several times."""
    rng = np.random.default_rng(seed)
    people = [
        Person(number, holds.guests != "none" and number % 4 == 0)
        for number in range(1, PEOPLE + 1)
    ]
    erased = people[ERASED - 1]
    orders: list[Order] = []
    for person in people:
        idle = not person.guest and person.number % 9 == 0  # an account that never ordered
        for _ in range(0 if idle else 1 + int(rng.poisson(2))):
            orders.append(_order(rng, holds, len(orders) + 1, person))
    for _ in range(ORDERS_OF_NOBODY):
        orders.append(_order(rng, holds, len(orders) + 1, None))
    return ShopEvents(people, orders, erased)


def _order(rng: np.random.Generator, holds: Holds, number: int, person: Person | None) -> Order:
    # The stories in turn, so that none is left to chance.
    story = holds.stories[number % len(holds.stories)]
    wanted = (Decimal(int(rng.integers(500, 30_000))) * 4).scaleb(-2)
    foreign = holds.currencies != "one" and rng.random() < 0.2
    currency = FOREIGN if foreign else BASE
    total = wanted * FOREIGN_RATE if foreign else wanted
    at = AS_OF - timedelta(days=float(rng.uniform(1, HISTORY_DAYS)))
    events = STORIES[story](total)
    return Order(number, story, person, at.replace(microsecond=0), wanted, currency, events)
