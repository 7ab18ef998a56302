"""What is known of currencies: how many decimals their amounts have."""

# Currencies without decimals, and with three or four; all others have two. Source: ISO 4217, list
# one (https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/
# lists/list-one.xml), of 2024.
DECIMALS = {
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
USUALDECIMALS = 2


def decimals_of(currency: str | None) -> int:
    """Return how many decimals amounts in a currency have; 2 where it is unknown."""
    return USUALDECIMALS if currency is None else DECIMALS.get(currency, USUALDECIMALS)
