"""Amounts as people read them: with the shop's currency where it is known, and its decimals."""

from backend.core.currency_decimals import decimals_of

# What is smaller is told to the coin.
EXACT_BELOW = 99.5
UNKNOWN = "\N{EN DASH}"


def money(amount: float, currency: str | None) -> str:
    """Write an amount to its smallest coin, such as "1,234.50 EUR", "1,235 JPY" or "1,234.50"."""
    return in_currency(f"{amount:,.{decimals_of(currency)}f}", currency)


def whole_money(amount: float, currency: str | None) -> str:
    """Write an amount without decimals."""
    return in_currency(f"{amount:,.0f}", currency)


def rounded_money(amount: float, currency: str | None) -> str:
    """Write an amount as exactly as matters: whole from a hundred on, else to its smallest coin."""
    return (whole_money if abs(amount) >= EXACT_BELOW else money)(amount, currency)


def money_or_dash(amount: float | None, currency: str | None) -> str:
    """Write an amount as `rounded_money` does; an unknown one as a dash."""
    return UNKNOWN if amount is None else rounded_money(amount, currency)


def signed_money(amount: float, currency: str | None) -> str:
    """Write by how much an amount changed, such as "+1,900 EUR"; "0" where it did not."""
    written = rounded_money(abs(amount), currency)
    return f"+{written}" if amount > 0 else f"\N{MINUS SIGN}{written}" if amount < 0 else "0"


def in_currency(written: str, currency: str | None) -> str:
    """Put the currency after a written number, where it is known."""
    return written if currency is None else f"{written}\N{NO-BREAK SPACE}{currency}"
