"""How the lines of one table are to be read, once all of it is settled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from backend.files.currencies import Money
from backend.files.notation.amount_texts import AmountText, amount_text
from backend.files.notation.date_texts import DateText, WrittenTime, counted_moment, date_text
from backend.files.notation.settling import Notation
from backend.files.records import Cell, as_text
from backend.files.values import NotThat, in_bounds

A_DATE = "a date such as 2024-01-31 12:00:00"
AN_AMOUNT = "an amount such as 12.34"


@dataclass(frozen=True, slots=True)
class Terms:
    """What readers must know.

    Attributes
    ----------
    zone
        The shop's: of times that name none.
    notation
        How this table writes dates and amounts.
    money
        The currency of all that is loaded.
    refunds
        What lines of these files give back of orders, by the order's id.
    customer_ids_are_keys
        Whether orders name customers by the id of a table of customers, whatever else they say.
    """

    zone: ZoneInfo
    notation: Notation
    money: Money
    refunds: Mapping[int | str, Decimal] = field(default_factory=dict)
    customer_ids_are_keys: bool = False

    def amount(self, column: str, cell: Cell) -> Decimal:
        """Read an amount in currency units; rounds to cents.

        Raises
        ------
        NotThat
            When it is none in the file's notation.
        """
        found = read_amount(cell)
        value = found.under(self.notation.decimal) if isinstance(found, AmountText) else found
        if value is None:
            raise NotThat(column, cell, AN_AMOUNT)
        return in_bounds(column, cell, value)

    def moment(self, column: str, cell: Cell) -> WrittenTime:
        """Read a date, with or without time and zone.

        Raises
        ------
        NotThat
            When it is none in the file's notation.
        """
        found = read_date(cell, self.zone)
        moment = found
        if isinstance(found, DateText):
            moment = found.readings.get(self.notation.dates)
        if not isinstance(moment, WrittenTime):
            raise NotThat(column, cell, A_DATE)
        return moment


def read_amount(cell: Cell) -> AmountText | Decimal | None:
    """Read an amount as far as that goes without the file's notation; None where it is none."""
    if isinstance(cell, str):
        return amount_text(cell)
    return None if isinstance(cell, datetime) else Decimal(str(cell))


def sign_beside(cell: Cell) -> str:
    """Return the currency whose sign stands beside an amount, "" for none."""
    found = read_amount(cell)
    return found.currency if isinstance(found, AmountText) else ""


def read_date(cell: Cell, zone: ZoneInfo) -> DateText | WrittenTime | None:
    """Read a date as far as that goes without the file's notation; None where it is none."""
    if isinstance(cell, str):
        return date_text(cell, zone)
    if isinstance(cell, datetime):
        return WrittenTime(cell.replace(tzinfo=None), cell.tzinfo)
    whole, _, fraction = as_text(cell).partition(".")
    return counted_moment(whole, fraction) if whole.isdecimal() and len(whole) > 4 else None
