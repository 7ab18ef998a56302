"""Settings as lines of a `.env` file, so that they are read as they are meant."""

import re
from collections.abc import Iterable

from backend.results.readiness import Finding

LISTS = frozenset({"COUNTED_STATUSES", "CUSTOMERS_COLUMNS", "ORDERS_COLUMNS"})
# What a .env file and a shell read alike without quotes.
BARE = re.compile(r"[\w.,:/=@+-]+", re.ASCII)


def lines_that_settle(findings: Iterable[Finding]) -> list[str]:
    """Return a line for each variable that would settle something; lists are put together."""
    values: dict[str, str] = {}
    for finding in findings:
        for name, value in finding.settings.items():
            known = values.get(name)
            values[name] = value if known is None or name not in LISTS else _joined(known, value)
    return [f"{name}={_quoted(value)}" for name, value in values.items()]


def _joined(one: str, other: str) -> str:
    return ",".join(dict.fromkeys([*one.split(","), *other.split(",")]))


def _quoted(value: str) -> str:
    """Quote a value that holds more than plain characters, as .env files do."""
    if BARE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
