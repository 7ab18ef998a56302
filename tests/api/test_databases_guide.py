"""docs/databases.md, its commands run as printed over a file of DuckDB's and over folders."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.database.causes import CAUSES
from tests.live import KEPT_VARIABLES, ROOT, environment, run, serving
from tests.shops import invented
from tests.warehouses import folder_of, in_csv, in_duckdb, in_parquet, tables_of

PAGE = (ROOT / "docs" / "databases.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
EXPORT = re.compile(r"export (\w+)=(\S+)")
COMMAND = re.compile(r"python -m backend (\w+)")
LATELY = datetime(2026, 11, 1, tzinfo=UTC)


def variables_of(block: str) -> dict[str, str]:
    """Return what a block exports, beside what every process has; nothing else names tables."""
    kept = environment("", {})
    plain = {name: kept[name] for name in (*KEPT_VARIABLES, "PYTHONPATH") if name in kept}
    return plain | dict(EXPORT.findall(block))


@pytest.mark.parametrize(
    "tell", [in_duckdb, in_csv, pytest.param(in_parquet, marks=pytest.mark.long)]
)
def test_the_commands_do_what_the_page_says(tell: object, tmp_path: Path) -> None:
    shop = tables_of(invented(60, as_of=LATELY))
    assert callable(tell)
    url = tell(shop, tmp_path)
    (block,) = [one for one in BLOCKS if one.startswith(f"export DATABASE_URL={url[:6]}")]
    variables = variables_of(block)
    if tell is not in_duckdb:
        variables["DATABASE_URL"] = f"files://{folder_of(url)}"
    for command in COMMAND.findall(block):
        if command == "serve":
            continue
        done = run("backend", (command,), tmp_path, variables)
        assert done.returncode == 0, done.stdout + done.stderr
    with serving(url, tmp_path, variables={"RUN_WORKER": "false"}) as live:
        assert live.get("/api/mcp/customers/7").json()["email"] == "person7@example.com"


def test_what_files_may_be_refused_for_is_in_the_table_of_refusals() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    for kind in CAUSES:
        assert f"`{kind}`" in operations, kind


def test_the_tests_that_the_page_names_are_there() -> None:
    for file in re.findall(r"`(tests/\S+?\.py)`", PAGE):
        assert (ROOT / file).exists(), file
