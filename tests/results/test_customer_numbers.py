"""A number of a customer is declared once: columns, publishing, profile and docs follow."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.results.customer_numbers import NUMBERS, SHOWN
from tests.conftest import NewDatabase, on_one_kind
from tests.results import publish_and_read
from tests.results.table_of_numbers import table, written
from tests.store import new_migration

ROOT = Path(__file__).parents[2]
DECLARATION = """    orders_in_two_horizons: Decimal | None = number(
        EXPECTED_COUNT,
        "expected number of counted orders in twice the horizon",
        unit=ORDERS,
        of=lambda this: this.customers.predicted_orders * 2,
        example=9.8,
    )
"""


@pytest.fixture(scope="module")
def with_one_more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the code, add a declaration, and have its migration written: nothing else is touched."""
    copy = tmp_path_factory.mktemp("one_more")
    shutil.copy(ROOT / "alembic.ini", copy)
    for part in ("backend", "migrations"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    declared = copy / "backend" / "results" / "customer_numbers.py"
    before, first, after = declared.read_text().partition("    churn_risk_at_change:")
    declared.write_text(before + DECLARATION + first + after)
    new_migration.write("One more number", copy)
    return copy


def answers(copy: Path, url: str) -> dict[str, Any]:
    command = [sys.executable, publish_and_read.__file__, url]
    environment = {**os.environ, "PYTHONPATH": f"{copy}:{ROOT}"}
    done = subprocess.run(
        command, env=environment, cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@on_one_kind
def test_a_new_number_is_one_declaration_and_a_migration(
    with_one_more: Path, new_database: NewDatabase
) -> None:
    found = answers(with_one_more, new_database())
    assert [one["orders_in_two_horizons"] for one in found["profiles"]] == [0.2469, 2.0, None]
    described = found["described"]
    assert described["example"]["orders_in_two_horizons"] == 9.8
    assert described["properties"]["orders_in_two_horizons"]["description"] == (
        "expected number of counted orders in twice the horizon; unit: orders; null when: no_orders"
    )
    line = (
        "| `orders_in_two_horizons` |  | expected number of counted orders in twice the horizon "
        "| orders | no_orders |"
    )
    assert line in found["docs"].splitlines()


def test_the_docs_table_is_the_declared_numbers() -> None:
    """Renew it with `make numbers` when a change is meant."""
    assert written() == table()


def test_every_shown_number_has_an_example_and_says_when_it_is_null() -> None:
    assert [one.name for one in SHOWN if one.example is None] == []
    assert [one.name for one in NUMBERS if one.null_when is None] == ["status"]
