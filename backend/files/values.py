"""What stands in a file, as what a table holds; whatever is not that is refused in words."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

LARGEST_ID = 2**63 - 1
LARGEST_COUNT = 2**31 - 1  # the guide's INTEGER
LARGEST_AMOUNT = Decimal(10) ** 8  # the guide's DECIMAL(10,2)
CENT = Decimal("0.01")
# Ids made of an e-mail or a name lie above all that a shop counts upwards.
FIRST_MADE_ID = 2**62
OTHER_DATES = (
    "%Y-%m-%d %H:%M:%S %z",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
)
# 1,234.50 and 1.234,50; without one of these marks, what follows a comma is a fraction.
WITH_COMMAS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
WITH_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}")
LONGEST_EMAIL = 255
# No more digits than an id can have: Python refuses to read thousands of them.
WHOLE_NUMBER = re.compile(r"0*([0-9]{1,19})(\.0)?")


class NotThat(ValueError):
    """A value is not what its column holds; says which and what is expected."""


def whole_number(column: str, text: str, largest: int = LARGEST_ID) -> int:
    """Read an id, at least 0."""
    found = WHOLE_NUMBER.fullmatch(text.strip())
    if found is None or int(found[1]) > largest:
        raise NotThat(f"{column} is '{text}', expected a whole number")
    return int(found[1])


def count(column: str, text: str) -> int:
    """Read a number of things, at least 0."""
    return whole_number(column, text, LARGEST_COUNT)


def amount(column: str, text: str) -> Decimal:
    """Read an amount in currency units; rounds to cents."""
    cleaned = text.strip()
    if WITH_DECIMAL_COMMA.fullmatch(cleaned):
        cleaned = cleaned.replace(".", "").replace(",", ".")
    elif WITH_COMMAS.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise NotThat(f"{column} is '{text}', expected an amount such as 12.34") from None
    if not value.is_finite() or abs(value) >= LARGEST_AMOUNT:
        raise NotThat(f"{column} is '{text}', expected an amount below 100 million")
    return value.quantize(CENT)


def instant(column: str, text: str, zone: ZoneInfo) -> datetime:
    """Read a date, with or without time and zone, as naive time in the shop's zone."""
    cleaned = text.strip()
    for read in (datetime.fromisoformat, *(_by(form) for form in OTHER_DATES)):
        try:
            found = read(cleaned)
        except ValueError:
            continue
        return found if found.tzinfo is None else found.astimezone(zone).replace(tzinfo=None)
    raise NotThat(f"{column} is '{text}', expected a date such as 2024-01-31 12:00:00")


def _by(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007, naive is a file's own zone


@dataclass(slots=True)
class OneCurrency:
    """The currency of an import: amounts in two are not added up. The first order's, if not set."""

    code: str | None = None

    def check(self, column: str, text: str) -> None:
        """Refuse another currency; a line that names none is in this one."""
        named = text.strip().upper()
        self.code = self.code or named or None
        if named and named != self.code:
            raise NotThat(f"{column} is '{text}', but this import is in {self.code}")


def email(column: str, text: str) -> str:
    """Read an e-mail, in lower case."""
    cleaned = text.strip().lower()
    if "@" not in cleaned or len(cleaned) > LONGEST_EMAIL:
        raise NotThat(f"{column} is '{text}', expected an e-mail")
    return cleaned


def made_id(*parts: object) -> int:
    """Make an id that is the same in every file: 62 bits of a hash, above `FIRST_MADE_ID`.

    Among ten million of them the chance of any two being the same is about one in ninety thousand.
    """
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return FIRST_MADE_ID | (int.from_bytes(digest, "big") >> 2)
