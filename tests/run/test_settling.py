"""What `check --fix` prints settles what was found, in `.env` or in the mapping file."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from backend.cli.settling_lines import lines_that_settle
from tests.conftest import NewDatabase, in_turns
from tests.run.seeded_faults import FAULTS, checked, fill_with, planted
from tests.shops import NAMES, VARIABLES

# The first four settle each another part of a mapping: statuses, a currency, a flag, a filter.
SETTLED = [
    "cash on delivery",
    "two currencies",
    "people twice",
    "dates long ago",
    "orders that a column marks as tests",
    "orders that a word marks as tests",
    "currencies in a column that is not read",
    "dates of 1970",
    "an e-mail that is called otherwise",
]


@in_turns
@pytest.mark.parametrize("name", SETTLED)
async def test_the_lines_that_would_settle_a_fault_do_when_pasted(
    name: str, new_database: NewDatabase
) -> None:
    fault, url = FAULTS[name], new_database()
    found = await planted(url, fault)
    variables = {**VARIABLES, **fault.variables}
    lines = lines_that_settle(found.findings, variables)
    assert lines
    settled = {key: value or "" for key, value in dotenv_values(stream=pasted(lines)).items()}
    again = await checked(url, url, **{**fault.variables, **settled})
    assert fault.code not in {one.code for one in again.findings}
    assert lines_that_settle(again.findings, {**variables, **settled}) == []


@pytest.mark.parametrize(
    "name", [*SETTLED[:4], *(pytest.param(one, marks=pytest.mark.long) for one in SETTLED[4:])]
)
async def test_where_a_file_overrides_the_variables_the_lines_are_for_that_file(
    name: str, new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    fault, url, file = FAULTS[name], new_sqlite(), tmp_path / "shop.toml"
    written = mapping_in_toml(fault.variables)
    file.write_text(in_toml(written))
    await fill_with(url, fault)
    variables = {"SHOP_MAPPING": str(file)}
    found = await checked(url, url, **variables)
    lines = lines_that_settle(found.findings, {**VARIABLES, **variables})
    place = lines.index(f"# in {file}:")
    variables |= {
        key: value or "" for key, value in dotenv_values(stream=pasted(lines[:place])).items()
    }
    for table, value in tomllib.loads("\n".join(lines[place:])).items():
        old = written.get(table)
        written[table] = {**old, **value} if isinstance(old, dict) else value
    file.write_text(in_toml(written))
    again = await checked(url, url, **variables)
    assert fault.code not in {one.code for one in again.findings}
    assert lines_that_settle(again.findings, {**VARIABLES, **variables}) == []


def mapping_in_toml(variables: Mapping[str, str]) -> dict[str, Any]:
    """Say what these variables say in a mapping file, and all else as it is by default."""
    tables = {
        name: {"query" if " " in one else "table": one}
        for name in NAMES
        for one in [variables.get(f"{name.upper()}_TABLE", NAMES[name])]
    }
    statuses = {"counted": ["paid", "partially_paid", "partially_refunded", "authorized"]}
    said = {"statuses": statuses, "currency": {"only": ""}}
    return {"merge_guests": False, **tables, **said}


def in_toml(written: Mapping[str, Any]) -> str:
    """Write a mapping file: texts, lists and flags are written as in JSON."""
    flags = {key: one for key, one in written.items() if isinstance(one, bool)}
    lines = [f"{key} = {json.dumps(one)}" for key, one in flags.items()]
    for table, group in written.items():
        if isinstance(group, dict):
            lines += [f"[{table}]", *(f"{key} = {_value(one)}" for key, one in group.items())]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {json.dumps(one)}' for key, one in value.items())} }}"
    return json.dumps(value)


async def test_the_filters_of_two_findings_are_put_together(new_sqlite: NewDatabase) -> None:
    marked, early = FAULTS["orders that a column marks as tests"], FAULTS["dates long ago"]
    url = new_sqlite()
    await fill_with(url, replace(marked, change=early.change))
    before = {"ORDERS_FILTER": "id > 3"}
    found = await checked(url, url, **before)
    (line,) = lines_that_settle(found.findings, {**VARIABLES, **before})
    settled = dotenv_values(stream=pasted([line]))["ORDERS_FILTER"] or ""
    assert settled.count("id > 3") == 2
    again = await checked(url, url, ORDERS_FILTER=settled)
    codes = {one.code for one in again.findings}
    assert codes.isdisjoint({marked.code, early.code})


def pasted(lines: list[str]) -> StringIO:
    return StringIO("\n".join(lines))
