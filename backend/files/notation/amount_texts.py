"""What an amount may mean: 1.234 is one thing with a decimal point and another with a comma."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

LONGEST = 60
LARGEST_EXPONENT = 20
# Signs and words that name one currency; those with None are shared by several.
MARKS: Mapping[str, str | None] = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₫": "VND",
    "₺": "TRY",
    "₴": "UAH",
    "₦": "NGN",
    "₱": "PHP",
    "฿": "THB",
    "৳": "BDT",
    "₪": "ILS",
    "₡": "CRC",
    "r$": "BRL",
    "us$": "USD",
    "a$": "AUD",
    "c$": "CAD",
    "hk$": "HKD",
    "nt$": "TWD",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "лв": "BGN",
    "грн": "UAH",
    "руб": "RUB",  # noqa: RUF001, Russian
    "rm": "MYR",
    "rp": "IDR",
    "tk": "BDT",
    "$": None,
    "¥": None,
    "kr": None,
    "rs": None,
    "fr": None,
    "sfr": "CHF",
    "lei": None,
}
# Which of them are written with a full stop: after others one may begin a fraction.
SHORTENED = ("rs", "kr", "fr", "sfr", "tk", "rp")
CODE = re.compile(r"[A-Z]{3}")
SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007\u2002\u2003\u3000\t", " "))
QUOTES = str.maketrans({"\u2019": "'", "`": "'", "\u2212": "-", "\u2013": "-", "\u2014": "-"})
WRITTEN = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[+-])?\s*(?P<before>(?:[^\d()+\-.,']+(?:(?<=[^\W\d_])\.)?)?)\s*(?P<inner>[+-])?\s*"
    r"(?P<core>(?:\d(?:[\d.,' ]*\d)?[.,]?|[.,]\d+)(?:[eE][+-]?\d{1,2})?)(?:(?<=[.,])-{1,2})?"
    r"\s*(?P<after>[^\d()+\-,']*)\s*(?P<last>-)?\s*(?P<close>\))?"
)
# By threes, or as in India by twos before the last three; with one mark throughout.
GROUPED = re.compile(
    r"[1-9]\d{0,2}(?P<mark>[.,' ])\d{3}(?:(?P=mark)\d{3})*|[1-9]\d?(?:,\d{2})+,\d{3}"
)


class DecimalMark(StrEnum):
    """What stands before the fraction of an amount."""

    POINT = "."
    COMMA = ","

    @property
    def other(self) -> "DecimalMark":
        """The one that then may group thousands."""
        return DecimalMark.COMMA if self is DecimalMark.POINT else DecimalMark.POINT


@dataclass(frozen=True, slots=True)
class AmountText:
    """An amount as it is written.

    Attributes
    ----------
    is_negative
        By a sign on either side, or brackets.
    core
        Digits and marks alone.
    currency
        The code or sign beside it, in capitals; "" for none.
    """

    is_negative: bool
    core: str
    currency: str

    def under(self, mark: DecimalMark) -> Decimal | None:
        """Return what it is worth with this decimal mark; None where it is no number then."""
        size = _size(self.core, mark)
        return -size if size is not None and self.is_negative else size

    @property
    def readings(self) -> Mapping[DecimalMark, Decimal]:
        """What it is worth with each decimal mark that it can have."""
        found = ((mark, self.under(mark)) for mark in DecimalMark)
        return {mark: value for mark, value in found if value is not None}


@lru_cache(maxsize=4096)
def amount_text(text: str) -> AmountText | None:
    """Take an amount apart; None where it is none in any notation."""
    if len(text) > LONGEST:
        return None
    cleaned = unicodedata.normalize("NFC", text).translate(SPACES).translate(QUOTES).strip()
    found = WRITTEN.fullmatch(cleaned)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    signs = [sign for sign in (found["sign"], found["inner"], found["last"]) if sign]
    currency = _currency(found["before"], found["after"])
    if currency is None or len(signs) + bool(found["open"]) > 1:
        return None
    core = found["core"].rstrip(".,")  # 12,- is how whole amounts are written in shops
    return AmountText(is_negative="-" in signs or bool(found["open"]), core=core, currency=currency)


def _currency(before: str, after: str) -> str | None:
    """Return what the words around an amount name; None where they are no currency."""
    words = [word for word in (before.strip(), after.strip()) if word]
    named = [_named(word) for word in words]
    known = [name for name in named if name]
    if len(known) != len(words) or len(set(known)) > 1:
        return None
    return known[0] if known else ""


def _named(word: str) -> str | None:
    if CODE.fullmatch(word):
        return word
    bare = word.casefold().removesuffix(".")
    if word.endswith(".") and bare not in SHORTENED:
        return None
    if bare not in MARKS:
        parts = {_named(part) for part in word.split()} if " " in word else {None}
        return parts.pop() if len(parts) == 1 else None
    return MARKS[bare] or bare.upper()


def _size(core: str, mark: DecimalMark) -> Decimal | None:
    if "e" in core.casefold():
        return _scientific(core)
    whole, separator, fraction = core.rpartition(mark)
    if not separator:
        whole, fraction = core, ""
    if fraction and not fraction.isdecimal():
        return None
    digits = _ungrouped(whole, mark)
    return None if digits is None else Decimal(f"{digits or '0'}.{fraction or '0'}")


def _ungrouped(whole: str, mark: DecimalMark) -> str | None:
    if whole == "" or whole.isdecimal():
        return whole
    grouped = GROUPED.fullmatch(whole)
    if grouped is None or mark in whole:
        return None
    return re.sub(r"[.,' ]", "", whole)


def _scientific(core: str) -> Decimal | None:
    number, _, exponent = core.casefold().partition("e")
    plain = number.replace(".", "", 1).isdecimal()
    return Decimal(core) if plain and abs(int(exponent)) <= LARGEST_EXPONENT else None
