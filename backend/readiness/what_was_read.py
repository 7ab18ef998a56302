"""What judgements are made of: the shape that orders and a mapping have wherever they come from.

Nothing here knows how a shop is read; what reads one has values of these shapes.
"""

from collections.abc import Mapping
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from backend.core.glossary import Reason


class ReadOrders(Protocol):
    """Customers and counted orders, and how many others there are."""

    @property
    def customer_ids(self) -> NDArray[Any]:
        """(customers,) every one of them."""

    @property
    def without_id(self) -> int:
        """How many rows of the customers' table hold nothing that can be an id."""

    @property
    def customer_index(self) -> NDArray[np.int64]:
        """(orders,) whose each one is."""

    @property
    def created_at(self) -> NDArray[np.datetime64]:
        """(orders,) instants, UTC."""

    @property
    def amount_micros(self) -> NDArray[np.int64]:
        """(orders,) whole millionths of the currency unit, above 0."""

    @property
    def left_out(self) -> Mapping[tuple[Reason, ...], int]:
        """How many orders do not count, by all their reasons."""


class StatusRules(Protocol):
    """Statuses in lower case, by what they do to an order; no other list's orders count."""

    @property
    def counted(self) -> tuple[str, ...]:
        """These count."""

    @property
    def cancelled(self) -> tuple[str, ...]:
        """These are cancelled."""

    @property
    def refunded(self) -> tuple[str, ...]:
        """These are refunded."""

    @property
    def open(self) -> tuple[str, ...]:
        """These are not paid yet, or never."""


class CurrencyRules(Protocol):
    """Which currency amounts are in."""

    @property
    def only(self) -> str | None:
        """Orders in this one alone count."""

    @property
    def rate(self) -> str | None:
        """What is done with an order's rate."""


class ReadingRules(Protocol):
    """What a mapping says of how a shop's values are understood."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the configuration is not heard."""

    @property
    def preset(self) -> str | None:
        """Which platform the shop is on; None where its tables were mapped."""

    @property
    def variant(self) -> str | None:
        """Which of the preset's variants the database has."""

    @property
    def lacking(self) -> tuple[str, ...]:
        """What need not be there, and is not."""

    @property
    def stored_lists(self) -> tuple[str, ...]:
        """The status lists that were read in the shop's own settings."""

    @property
    def on_search_path(self) -> bool:
        """Whether the tables that nobody named are not in the guide's schema."""

    @property
    def unnamed_tables(self) -> tuple[str, ...]:
        """Where those are."""

    @property
    def customer_columns(self) -> Mapping[str, str]:
        """Columns of customers that the shop calls otherwise, by our names."""

    @property
    def order_columns(self) -> Mapping[str, str]:
        """Columns of orders that the shop calls otherwise, by our names."""

    @property
    def orders_filter(self) -> str | None:
        """The condition that orders are read under."""

    @property
    def statuses(self) -> StatusRules:
        """What each status does to an order."""

    @property
    def currency(self) -> CurrencyRules:
        """Which currency amounts are in."""

    @property
    def time_zone(self) -> str:
        """The zone of times that name none."""

    @property
    def zone(self) -> ZoneInfo:
        """The same, ready to reckon with."""

    @property
    def merge_guests(self) -> bool:
        """Whether customers with one e-mail are one."""
