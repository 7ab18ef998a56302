"""Lists as files, read back by others."""

import io
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest

from backend.database.engine import opened, transaction
from backend.results.audit_entry import AuditEntry
from backend.store.audit import read_audit
from tests.conftest import NewDatabase, wait_for
from tests.live import command
from tests.performed import clustered_shop


@pytest.fixture
def url(new_sqlite: NewDatabase) -> str:
    return new_sqlite(clustered_shop)


def exported(url: str, folder: Path, *options: str) -> CompletedProcess[str]:
    return command(url, folder, "export", *options)


def test_every_kind_of_file_holds_the_same_list(url: str, tmp_path: Path) -> None:
    chosen = ("--min-churn-risk", "0.2", "--status", "scored", "--sort", "customer_id")
    on_screen = exported(url, tmp_path, *chosen)
    assert on_screen.returncode == 0, on_screen.stderr
    table = pd.read_csv(io.StringIO(on_screen.stdout))
    assert len(table) > 10
    assert (table.churn_risk >= 0.2).all()
    for name in ("list.csv", "list.parquet", "list.xlsx"):
        assert exported(url, tmp_path, *chosen, "--out", name).returncode == 0
    for read in (
        pd.read_csv(tmp_path / "list.csv"),
        pd.read_parquet(tmp_path / "list.parquet"),
    ):
        assert read.customer_id.astype(int).tolist() == table.customer_id.tolist()
        assert read.value_at_risk.tolist() == table.value_at_risk.tolist()
    dates = pd.read_parquet(tmp_path / "list.parquet").last_order_at
    assert dates.tolist() == pd.to_datetime(table.last_order_at, format="ISO8601").tolist()
    assert {path.name for path in tmp_path.glob("*list*")} == {
        "list.csv",
        "list.parquet",
        "list.xlsx",
    }


@pytest.mark.external
def test_postgresql_writes_the_file_itself_and_it_is_the_same(
    url: str, new_postgres: NewDatabase, tmp_path: Path
) -> None:
    """Line by line as from SQLite, but for who ran when."""
    fields = ("--fields", "email,first_name,archetype.name,churn_risk,value_at_risk,last_order_at")
    by_us = exported(url, tmp_path, *fields)
    by_postgres = exported(new_postgres(clustered_shop), tmp_path, *fields)
    assert by_postgres.stdout.splitlines() == by_us.stdout.splitlines()
    assert by_postgres.stderr == by_us.stderr


def test_who_took_which_list_is_in_the_audit(url: str, tmp_path: Path) -> None:
    named = ("--segment", "ada@example.org", "--segment", "active", "--min-churn-risk", "0.2")
    assert exported(url, tmp_path, *named).returncode == 0
    assert exported(url, tmp_path, "--out", "list.doc").returncode == 2
    many = [part for number in range(30) for part in ("--segment", f"segment-{number}")]
    assert exported(url, tmp_path, *many).returncode == 0
    first, second = [one for one in wait_for(audited(url)) if one.action == "list_exported"][::-1]
    assert (first.key, second.key) == ("command", "command")
    assert first.subject == "sort=-value_at_risk&segment=…,active&min_churn_risk=0.2"
    assert str(second.subject).startswith("sort=-value_at_risk&segment=segment-0,segment-1,")
    assert len(str(second.subject)) == 100


async def audited(url: str) -> list[AuditEntry]:
    async with opened(url) as engine, transaction(engine) as connection:
        return await read_audit(connection, limit=10)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--out", "list.doc"), ".doc ends with none of .csv, .parquet, .xlsx"),
        (("--out", "missing/list.csv"), "cannot be written (No such file or directory)"),
        (("--min-churn-risk", "2"), "--min-churn-risk"),
        (("--sort", "email"), "email is no field of a customer's profile"),
    ],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(
    url: str, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    refused = exported(url, tmp_path, *options)
    assert refused.returncode == 2
    assert said in refused.stderr.replace("\n", " ")
    assert list(tmp_path.glob("*list*")) == []
