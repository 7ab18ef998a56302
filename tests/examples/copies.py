"""A project of drt beside the tools that it copies to, set up as docs/activate.md says."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from backend.database.engine import opened, transaction
from tests.conftest import wait_for
from tests.examples.mailing_tools import Crm, HubSpot, Klaviyo, MailingTool, Request
from tests.forked import quick_python
from tests.live import ROOT
from tests.services import need
from tests.waiting import PATIENCE_SECONDS

# As its own script does; the examples' guide is followed with that (`test_activate_guide.py`).
DRT = "from drt.cli.main import app; app()"


class Copies:
    """A project of drt beside the tools that it copies to, set up as the page says."""

    def __init__(self, url: str, folder: Path, tools: list[MailingTool]) -> None:
        self.url, self.folder, self.tools = url, folder, tools
        self.project = folder / "examples" / "activate"
        shutil.copytree(ROOT / "examples" / "activate", self.project)
        self._knows_this_shop()
        self.psql("-f", str(self.project / "activate.sql"))

    def _knows_this_shop(self) -> None:
        """Write what a shop writes into the files: its table, its database, its pace."""
        at = make_url(self.url)
        printed = {
            r"ecommerce\.customers": "customers",
            r"requests_per_second: \d+": "requests_per_second: 500",
            "host: localhost": f"host: {at.host}",
            "port: 5432": f"port: {at.port}",
            "dbname: shop": f"dbname: {at.database}",
            "user: activate": f"user: {at.username}",
        }
        for file in (*self.project.glob("*.*"), *self.project.glob("syncs/*")):
            written = file.read_text()
            for before, here in printed.items():
                written = re.sub(before, here, written)
            file.write_text(written)
        (self.folder / ".drt").mkdir()
        shutil.copy(self.project / "profiles.yml", self.folder / ".drt")

    @property
    def variables(self) -> dict[str, str]:
        """Return what drt and the script are configured with, and nothing else."""
        told = {f"DRT_VAR_{one.name.upper()}_URL": one.address for one in self.tools}
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "DATABASE_URL": self.url.replace("postgresql+asyncpg", "postgresql"),
            "KLAVIYO_AUTHORIZATION": Klaviyo.key,
            "HUBSPOT_TOKEN": HubSpot.token,
            "CRM_TOKEN": Crm.token,
            **told,
        }

    def psql(self, *arguments: str) -> None:
        """Run psql on the shop's database."""
        need("psql", ["postgresql-client"])
        subprocess.run(
            ("psql", self.variables["DATABASE_URL"], "-v", "ON_ERROR_STOP=1", "-q", *arguments),
            check=True,
            capture_output=True,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start drt."""
        return subprocess.Popen(
            (quick_python(), "-c", DRT, "run", *arguments),
            cwd=self.project,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, status: int = 0) -> str:
        """Copy to the end, and return what drt says."""
        for tool in self.tools:
            tool.forget_requests()
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == status, said
        return said

    def forget(self, *tools: str, status: int = 0) -> str:
        """Run the script that deletes, and return what it says."""
        for tool in self.tools:
            tool.forget_requests()
        done = subprocess.run(
            (quick_python(), "-m", "examples.activate.forget", *tools),
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stderr

    def sent(self) -> list[list[Request]]:
        """Return what each tool was asked."""
        return [tool.requests for tool in self.tools]

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Ask the database."""
        return wait_for(_rows(self.url, query, values))

    def change(self, statement: str, **values: Any) -> None:
        """Change the database."""
        wait_for(_change(self.url, statement, values))

    def published(self) -> dict[str, dict[str, Any]]:
        """Return what the tools are to know, read from the tables alone."""
        found = self.rows(
            "SELECT i.customer_id, c.email, i.archetype_id, i.churn_risk, i.predicted_value,"
            " i.predicted_orders"
            " FROM customer_intelligence i JOIN customers c ON c.id = i.customer_id"
        )
        return {
            str(one): {
                "email": email,
                "segment": segment,
                "churn_risk": number(risk),
                "predicted_value": number(value),
                "predicted_orders": number(orders),
            }
            for one, email, segment, risk, value, orders in found
        }


async def _rows(url: str, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    async with opened(url) as engine, engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query), values)]


async def _change(url: str, statement: str, values: dict[str, Any]) -> None:
    async with opened(url) as engine, transaction(engine) as connection:
        await connection.execute(text(statement), values)


def number(value: Any) -> float | None:
    return None if value is None else float(value)


def move(url: str, customer_id: int, risk: float, seconds: int) -> None:
    """Publish another risk of one customer, so many seconds later."""
    wait_for(
        _change(
            url,
            "UPDATE customer_intelligence SET churn_risk = :risk,"
            " changed_at = changed_at + make_interval(secs => :seconds) WHERE customer_id = :one",
            {"risk": risk, "seconds": seconds, "one": customer_id},
        )
    )
