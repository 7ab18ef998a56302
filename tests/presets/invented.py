"""An invented shop with the traps that platforms hold, and what a right reading of it finds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar

import numpy as np

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
HISTORY_DAYS = 730
PEOPLE = 300
ORDERS_OF_NOBODY = 5

Fate = Literal["counted", "partial", "refunded", "cancelled", "pending", "cart", "test", "deleted"]
COUNTED: tuple[Fate, ...] = ("counted", "partial")
WEIGHTS: Mapping[Fate, float] = {
    "counted": 0.72,
    "partial": 0.06,
    "refunded": 0.06,
    "cancelled": 0.05,
    "pending": 0.04,
    "cart": 0.03,
    "test": 0.02,
    "deleted": 0.02,
}
# How a platform keeps those who order without an account.
Guests = Literal["none", "own_row", "by_email", "repeated_rows"]
Row = dict[str, Any]
Tables = dict[str, list[Row]]
Choice = TypeVar("Choice")


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
        return f"{name}@example.com"

    @property
    def guest_id(self) -> str:
        """Id of a guest where ids are made of e-mails."""
        return f"guest:{self.email}"


@dataclass(frozen=True, slots=True)
class Order:
    """One order and what became of it."""

    number: int
    person: Person | None
    at: datetime
    total: Decimal
    refunded: Decimal
    fate: Fate
    rate: int

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

    def any_of(self, *choices: Choice) -> Choice:
        """Return one of several things that mean the same."""
        return choices[self.number % len(choices)]

    @property
    def cents(self) -> int:
        """The total in minor units."""
        return int(self.total * 100)

    @property
    def foreign_total(self) -> Decimal:
        """The total in the currency of the order, which is worth 1 / rate of the base."""
        return self.total * self.rate


@dataclass(frozen=True, slots=True)
class InventedShop:
    """People and their orders."""

    people: Sequence[Person]
    orders: Sequence[Order]

    def orders_of(self, person: Person) -> list[Order]:
        """Return somebody's orders, the first one first."""
        return [order for order in self.orders if order.person == person]

    def counted_of(self, person: Person) -> list[Order]:
        """Return those of somebody's orders that count."""
        return [order for order in self.orders_of(person) if order.fate in COUNTED]

    def truth(self, person: Person) -> tuple[int, Decimal]:
        """Return how many orders count, and their sum without refunds."""
        counted = self.counted_of(person)
        return len(counted), sum((order.total - order.refunded for order in counted), Decimal(0))


@dataclass(frozen=True, slots=True)
class Platform:
    """How one platform stores an invented shop.

    Attributes
    ----------
    database
        Which one it runs on.
    fates
        What can become of an order there.
    guests
        How it keeps those without an account.
    write
        Turns the shop into rows of its tables.
    id_of
        The id that a person's profile has.
    partial_refunds
        Whether it says how much was refunded; if not, an order counts whole.
    conversion
        Whether orders are in several currencies.
    traceless
        What an order can become without saying that whoever placed it exists.
    only_with_orders
        Whether an account exists only when it has an order.
    zone_is_known
        Whether its times are in UTC wherever the shop is.
    """

    database: Literal["mysql", "postgres"]
    fates: tuple[Fate, ...]
    guests: Guests
    write: Callable[[InventedShop], Tables]
    id_of: Callable[[Person], str]
    partial_refunds: bool = True
    conversion: bool = False
    traceless: tuple[Fate, ...] = ("cart",)
    only_with_orders: bool = False
    zone_is_known: bool = False

    def knows(self, shop: "InventedShop", person: Person) -> bool:
        """Tell whether the platform knows of somebody."""
        if self.only_with_orders or (person.guest and self.guests == "by_email"):
            return any(order.fate not in self.traceless for order in shop.orders_of(person))
        return True


def invented_shop(platform: Platform, seed: int = 0) -> InventedShop:
    """Invent a shop of what the platform can hold."""
    rng = np.random.default_rng(seed)
    people = [
        Person(number, platform.guests != "none" and number % 4 == 0)
        for number in range(1, PEOPLE + 1)
    ]
    orders: list[Order] = []
    for person in people:
        # Every ninth account has never ordered; a guest exists because they did.
        count = 0 if _is_idle(person) else 1 + int(rng.poisson(1.5))
        for place in range(count):
            fates = _possible_fates(platform, person, place)
            orders.append(_order(rng, platform, len(orders) + 1, person, fates))
    for _ in range(ORDERS_OF_NOBODY):
        orders.append(_order(rng, platform, len(orders) + 1, None, ("counted",)))
    return InventedShop(people, orders)


def _is_idle(person: Person) -> bool:
    """Whether somebody has an account and no order."""
    return not person.guest and person.number % 9 == 0


def _possible_fates(platform: Platform, person: Person, place: int) -> Sequence[Fate]:
    """Let most people's first order count, and none of every tenth person's."""
    if person.number % 20 == 12 and "cart" in platform.fates:
        return ("cart",)
    if person.number % 10 == 2:
        return [fate for fate in platform.fates if fate not in COUNTED]
    return ("counted",) if place == 0 else platform.fates


def _order(
    rng: np.random.Generator,
    platform: Platform,
    number: int,
    person: Person | None,
    fates: Sequence[Fate],
) -> Order:
    weights = np.array([WEIGHTS[fate] for fate in fates])
    fate: Fate = fates[int(rng.choice(len(fates), p=weights / weights.sum()))]
    total = Decimal(int(rng.integers(500, 30_000))).scaleb(-2)
    known = fate == "partial" and platform.partial_refunds
    refunded = (total / 4).quantize(Decimal("0.01")) if known else Decimal(0)
    at = AS_OF - timedelta(days=float(rng.uniform(1, HISTORY_DAYS)))
    rate = int(rng.choice((1, 2))) if platform.conversion else 1
    return Order(number, person, at.replace(microsecond=0), total, refunded, fate, rate)
