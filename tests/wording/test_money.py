"""Amounts as people read them."""

import pytest

from backend.core.currency_decimals import decimals_of
from backend.wording.money import money, money_or_dash, rounded_money, whole_money

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("currency", "written"),
    [
        (None, "1,234.57"),
        ("EUR", f"1,234.57{SPACE}EUR"),
        ("JPY", f"1,235{SPACE}JPY"),
        ("KWD", f"1,234.568{SPACE}KWD"),
        ("CLF", f"1,234.5678{SPACE}CLF"),
        ("ZZZ", f"1,234.57{SPACE}ZZZ"),
    ],
)
def test_an_amount_has_the_decimals_and_the_code_of_its_currency(
    currency: str | None, written: str
) -> None:
    assert money(1234.5678, currency) == written


def test_whole_amounts_have_no_decimals_in_any_currency() -> None:
    assert whole_money(1234.5, "KWD") == f"1,234{SPACE}KWD"
    assert whole_money(1235.5, None) == "1,236"


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [
        ("ISK", 0),
        ("KRW", 0),
        ("VND", 0),
        ("XOF", 0),
        ("BHD", 3),
        ("TND", 3),
        ("USD", 2),
        ("HUF", 2),
    ],
)
def test_decimals_are_those_of_iso_4217(currency: str, decimals: int) -> None:
    assert decimals_of(currency) == decimals


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (1234.5, "EUR", f"1,234{SPACE}EUR"),
        (99.5, "EUR", f"100{SPACE}EUR"),
        (99.49, "EUR", f"99.49{SPACE}EUR"),
        (-7.25, "EUR", f"-7.25{SPACE}EUR"),
        (7.1234, "KWD", f"7.123{SPACE}KWD"),
        (7.1234, "JPY", f"7{SPACE}JPY"),
        (0.0, None, "0.00"),
    ],
)
def test_a_rounded_amount_is_as_exact_as_matters(
    amount: float, currency: str | None, written: str
) -> None:
    assert rounded_money(amount, currency) == written
    assert money_or_dash(amount, currency) == written


def test_an_unknown_amount_is_a_dash() -> None:
    assert money_or_dash(None, "EUR") == "\N{EN DASH}"
