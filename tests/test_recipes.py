"""The recipes, run as printed against a service, held against rows that are read by hand."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from backend.database.engine import opened
from tests.conftest import wait_for
from tests.databases import SqliteFolder
from tests.live import API_KEY, ROOT, Live, serving
from tests.performed import NO_WORKER, perform_once
from tests.services import need
from tests.shops import fill, invented

RECIPES = (ROOT / "docs" / "recipes.md").read_text()
PRINTED = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def live(sqlite_folder: SqliteFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a shop whose last orders are recent."""
    url, now = sqlite_folder.empty(), datetime.now(UTC)
    wait_for(fill(url, invented(as_of=now)))
    wait_for(perform_once(url, as_of=now))
    with serving(url, tmp_path_factory.mktemp("live"), variables=NO_WORKER) as service:
        yield service


@pytest.fixture(scope="module")
def rows(live: Live) -> pd.DataFrame:
    """Read the published rows past the API."""
    table = pd.DataFrame(wait_for(_rows(live.url)))
    return table.astype({"churn_risk": float, "value_at_risk": float, "recency_days": float})


async def _rows(url: str) -> list[dict[str, Any]]:
    async with opened(url) as engine, engine.connect() as connection:
        found = await connection.execute(text("SELECT * FROM customer_intelligence"))
        return [dict(row) for row in found.mappings()]


def recipe(live: Live, title: str, folder: Path) -> str:
    """Run the block of a recipe, and return what it prints."""
    found = re.search(rf"## {title}.*?```(bash|python)\n(.*?)```", RECIPES, re.DOTALL)
    assert found is not None
    language, code = found.groups()
    assert PRINTED in code
    need("curl", ["curl"])
    program = {"bash": ("bash", "-euc"), "python": (sys.executable, "-c")}[language]
    done = subprocess.run(
        (*program, code.replace(PRINTED, live.address)),
        env={**os.environ, "API_KEY": API_KEY},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_recipe_is_run_here() -> None:
    titles = re.findall(r"^## (.*)$", RECIPES, re.MULTILINE)
    asked = re.findall(r'recipe\(\s*live, "(.*?)"', Path(__file__).read_text())
    assert [title for title in titles if not any(map(title.startswith, asked))] == []


def test_who_is_worth_most_and_about_to_leave(
    live: Live, rows: pd.DataFrame, tmp_path: Path
) -> None:
    told = json.loads(recipe(live, "Win back", tmp_path))
    wanted = rows[(rows.churn_risk >= 0.4) & (rows.value_at_risk >= 1)]
    assert told["total"] == len(wanted) > 0
    best = wanted.value_at_risk.sort_values(ascending=False).head(20).tolist()
    assert [one["value_at_risk"] for one in told["customers"]] == best
    assert told["sums"]["value_at_risk"] == pytest.approx(wanted.value_at_risk.sum(), abs=0.005)


def test_the_best_customers_who_are_slipping(
    live: Live, rows: pd.DataFrame, tmp_path: Path
) -> None:
    told = recipe(live, "The best customers", tmp_path).splitlines()
    means = rows.astype({"ltv": float}).groupby("archetype_id").ltv.mean()
    slipping = rows[rows.archetype_id.isin(means.nlargest(3).index) & (rows.churn_risk >= 0.2)]
    name = rows[rows.archetype_id == means.idxmax()].archetype_name.iloc[0]
    assert told[-1] == f"{len(slipping)} of the best may leave, 0 have left {name}."
    assert len(slipping) > 0
    assert len(told) == min(20, len(slipping)) + 1


def test_new_customers_who_are_likely_to_return(
    live: Live, rows: pd.DataFrame, tmp_path: Path
) -> None:
    told = json.loads(recipe(live, "New customers", tmp_path))
    wanted = rows[(rows.recency_days <= 60) & (rows.churn_risk <= 0.5)]
    assert told["total"] == len(wanted) > 0
    ages = sorted(wanted.age_days.tolist())[:50]
    assert [one["age_days"] for one in told["customers"]] == ages


def test_a_file_for_a_mailing_tool(live: Live, rows: pd.DataFrame, tmp_path: Path) -> None:
    assert recipe(live, "A file for a mailing tool", tmp_path) == ""
    with (tmp_path / "win-back.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    wanted = rows[(rows.churn_risk >= 0.4) & (rows.value_at_risk >= 1)]
    assert sorted(int(one["customer_id"]) for one in found) == sorted(wanted.customer_id)
    assert all(one["email"] == f"person{one['customer_id']}@example.com" for one in found)


def test_what_to_recommend(live: Live, tmp_path: Path) -> None:
    lines = recipe(live, "What to recommend", tmp_path).splitlines()
    lifts = [float(line.split()[-1]) for line in lines]
    assert 0 < len(lifts) <= 10
    assert lifts == sorted(lifts, reverse=True)


def test_numbers_for_customers_that_are_known(live: Live, tmp_path: Path) -> None:
    told = json.loads(recipe(live, "Numbers for customers", tmp_path))
    assert [one["email"] for one in told["customers"]] == ["person4@example.com"]
    assert told["missing"]["emails"] == ["nobody@example.com"]
