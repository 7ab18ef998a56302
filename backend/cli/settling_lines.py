"""What would settle a check's findings, as lines of `.env`, or of the file that overrides those."""

import json
import re
from collections.abc import Iterable, Mapping

from backend.results.readiness import Finding
from backend.shop.mapping.layers import LISTS as STATUS_LISTS
from backend.shop.mapping.layers import VARIABLES, is_heard, parse_columns

COLUMNS = frozenset({"CUSTOMERS_COLUMNS", "ORDERS_COLUMNS", "LINE_ITEMS_COLUMNS"})
LISTS = COLUMNS | STATUS_LISTS.keys()
FILTERS = frozenset({"CUSTOMERS_FILTER", "ORDERS_FILTER", "LINE_ITEMS_FILTER"})
FLAGS = frozenset({"MERGE_GUESTS"})
# What a .env file and a shell read alike without quotes.
BARE = re.compile(r"[\w.,:/=@+-]+", re.ASCII)
NEW_FILE = "shop.toml"
Places = Mapping[str, tuple[str, ...]]
PLACES: Places = {variable: path for path, variable in VARIABLES.items()}


def lines_that_settle(findings: Iterable[Finding], variables: Mapping[str, str]) -> list[str]:
    """Return a line for each setting that would settle something.

    Lists and filters of several findings are put together. What a preset or a mapping file says
    otherwise, no variable changes: it is a line for that file, under a comment that names it.

    Parameters
    ----------
    findings
        Of a check.
    variables
        Of the shop, as they are set.
    """
    values = _together(findings)
    heard = [
        name for name in values if name not in PLACES or is_heard(variables, name, values[name])
    ]
    lines = [f"{name}={_quoted(values[name])}" for name in heard]
    others = {name: value for name, value in values.items() if name not in heard}
    return lines + _lines_of_file(others, variables.get("SHOP_MAPPING"))


def _together(findings: Iterable[Finding]) -> dict[str, str]:
    values: dict[str, str] = {}
    for finding in findings:
        for name, value in finding.settings.items():
            known = values.get(name)
            values[name] = value if known in {None, value} else _joined(name, str(known), value)
    return values


def _joined(name: str, one: str, other: str) -> str:
    if name in FILTERS:
        return f"({one}) AND ({other})"
    if name in LISTS:
        return ",".join(dict.fromkeys([*one.split(","), *other.split(",")]))
    return other


def _quoted(value: str) -> str:
    """Quote a value that holds more than plain characters, as .env files do."""
    if BARE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _lines_of_file(values: Mapping[str, str], file: str | None) -> list[str]:
    if not values:
        return []
    begun = [] if file else [f"SHOP_MAPPING={NEW_FILE}"]
    lines = [*begun, f"# in {file or NEW_FILE}:"]
    # What stands in no table comes first, as TOML wants it.
    for name, value in sorted(values.items(), key=lambda one: len(PLACES[one[0]])):
        *table, key = PLACES[name]
        heading = [f"[{table[0]}]"] if table else []
        new = [one for one in heading if one not in lines]
        lines = [*lines, *new, f"{key} = {_in_toml(name, value)}"]
    return lines


def _in_toml(name: str, value: str) -> str:
    """Write a variable's value as a mapping file has it; TOML has JSON's texts and lists."""
    if name in FLAGS:
        return value
    if name in COLUMNS:
        pairs = parse_columns(name, value).items()
        return f"{{ {', '.join(f'{ours} = {json.dumps(theirs)}' for ours, theirs in pairs)} }}"
    return json.dumps(value.split(",") if name in LISTS else value, ensure_ascii=False)
