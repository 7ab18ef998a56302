"""One currency for all that is loaded together: chosen, or converted into."""

import csv
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from backend.core.errors import ImportRefused
from backend.files.values import LeftOut, NotThat

OPTION = "--rates"
EXPECTED = "such as USD=1,EUR=1.08, or a CSV of date, currency, rate"
# Signs that several currencies share: of a file that was said to be in one of these, it is that.
SHARED_SIGNS: Mapping[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"),
    "¥": ("JPY", "CNY"),
    "KR": ("SEK", "NOK", "DKK", "ISK"),
    "RS": ("INR", "PKR", "LKR", "NPR", "MUR"),
    "FR": ("CHF", "XAF", "XOF"),
    "LEI": ("RON", "MDL"),
}


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of each currency is worth in the one that is converted into.

    Attributes
    ----------
    into
        The currency whose rate is 1.
    steps
        By currency: since when (ascending) which rate holds.
    """

    into: str
    steps: Mapping[str, Sequence[tuple[date, Decimal]]]

    def on(self, currency: str, day: date) -> Decimal | None:
        """Return the rate of a day; None where none is known yet."""
        steps = self.steps.get(currency, ())
        place = bisect_right([since for since, _ in steps], day)
        return steps[place - 1][1] if place else None


@dataclass(frozen=True, slots=True)
class Money:
    """The currency of what is loaded.

    Attributes
    ----------
    code
        That of every amount; None while no file names one.
    rates
        Where others are converted; else orders in others are left out.
    """

    code: str | None = None
    rates: Rates | None = None

    def factor(self, currency: str, day: datetime) -> Decimal:
        """Return what an order's amounts are multiplied with.

        Raises
        ------
        LeftOut
            When it is in a currency that was not chosen.
        NotThat
            When its currency has no rate on that day.
        """
        found = currency.upper()
        if not found or self.code in {None, found, *SHARED_SIGNS.get(found, ())}:
            return Decimal(1)
        if self.rates is None:
            raise LeftOut(f"in {found}, and {self.code} is loaded")
        rate = self.rates.on(found, day.date())
        if rate is None:
            raise NotThat("currency", found, f"one with a rate on {day.date().isoformat()}")
        return rate


def settled_money(found: Counter[str], asked: str | None, rates: Rates | None) -> Money:
    """Settle the currency of all files of a call.

    Parameters
    ----------
    found
        How many lines name each.
    asked
        The one that somebody chose.
    rates
        What others are worth.

    Raises
    ------
    ImportRefused
        When there are several, and nothing says which or how.
    """
    if rates is not None:
        lacking = {code: count for code, count in found.items() if code not in rates.steps}
        if lacking:
            raise ImportRefused(OPTION, f"has no rate for {counted(lacking)}")
        return Money(rates.into, rates)
    if asked:
        return Money(asked.upper())
    if len(found) > 1:
        problem = (
            f"are in several currencies, which are not added up: {counted(found)}. Choose one with "
            "--currency, or convert with --rates"
        )
        raise ImportRefused("The orders", problem)
    return Money(next(iter(found), None))


def counted(found: Mapping[str, int]) -> str:
    """Write how many lines are in each currency."""
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{code} ({count:,} lines)" for code, count in ordered)


def read_rates(text: str, asked: str | None) -> Rates:
    """Read rates as they are given to the command.

    Parameters
    ----------
    text
        ``USD=1,EUR=1.08``: what a unit of each is worth; or the path of a CSV with the columns
        date, currency, rate, of which each holds from its date on.
    asked
        The currency to convert into. Default: the one whose rate is always 1.

    Raises
    ------
    ImportRefused
        When it is neither, or no one currency is converted into.
    """
    steps = _from_text(text) if "=" in text else _from_csv(Path(text))
    ones = [code for code, rates in steps.items() if all(rate == 1 for _, rate in rates)]
    into = asked.upper() if asked else ones[0] if len(ones) == 1 else ""
    steps.setdefault(into, [(date.min, Decimal(1))])
    if not into or any(rate != 1 for _, rate in steps[into]):
        raise ImportRefused(OPTION, "names no one currency whose rate is 1, to convert into")
    return Rates(into, {code: sorted(rates) for code, rates in steps.items()})


Steps = dict[str, list[tuple[date, Decimal]]]


def _from_text(text: str) -> Steps:
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {code.strip().upper(): [(date.min, _rate(rate))] for code, _, rate in pairs}


def _from_csv(path: Path) -> Steps:
    steps: Steps = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                since = date.fromisoformat((row.get("date") or "").strip())
                code = (row.get("currency") or "").strip().upper()
                steps.setdefault(code, []).append((since, _rate(row.get("rate") or "")))
    except OSError as error:
        problem = f"'{path}' cannot be read ({error.strerror}); expected {EXPECTED}"
        raise ImportRefused(OPTION, problem) from None
    except ValueError:
        problem = f"'{path}' has a date that is none such as 2024-01-31; expected {EXPECTED}"
        raise ImportRefused(OPTION, problem) from None
    return steps


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or rate <= 0:
        raise ImportRefused(OPTION, f"holds '{text}'; expected a rate above zero, {EXPECTED}")
    return rate
