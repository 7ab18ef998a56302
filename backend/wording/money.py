"""Amounts as people read them: with the shop's currency where it is known, and its decimals."""

# Currencies without decimals, and with three or four; all others have two. Source: ISO 4217, list
# one (https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/
# lists/list-one.xml), of 2024.
_DECIMALS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
USUAL_DECIMALS = 2


def decimals_of(currency: str | None) -> int:
    """Return how many decimals amounts in a currency have; 2 where it is unknown."""
    return USUAL_DECIMALS if currency is None else _DECIMALS.get(currency, USUAL_DECIMALS)


def money(amount: float, currency: str | None) -> str:
    """Write an amount to its smallest coin, such as "1,234.50 EUR", "1,235 JPY" or "1,234.50"."""
    return in_currency(f"{amount:,.{decimals_of(currency)}f}", currency)


def whole_money(amount: float, currency: str | None) -> str:
    """Write an amount without decimals."""
    return in_currency(f"{amount:,.0f}", currency)


def in_currency(written: str, currency: str | None) -> str:
    """Put the currency after a written number, where it is known."""
    return written if currency is None else f"{written}\N{NO-BREAK SPACE}{currency}"
