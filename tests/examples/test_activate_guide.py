"""docs/activate.md, every block run as printed: by drt, by hand, and by the API."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.conftest import NewDatabase, wait_for
from tests.examples.copies import Copies, move
from tests.examples.mailing_tools import Crm, HubSpot, Klaviyo, open_for_business
from tests.live import ADMIN_KEY, API_KEY, ROOT, Live, serving
from tests.performed import CLUSTERED_CUSTOMERS, NO_WORKER, clustered_shop, perform_once
from tests.services import need
from tests.shops import AS_OF

pytestmark = pytest.mark.external

PAGE = (ROOT / "docs" / "activate.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"```(bash|sql|cron|python)\n(.*?)```", PAGE, re.DOTALL)
PRINTED = "http://127.0.0.1:8000"


def block(language: str, part: str) -> str:
    """Return the one block that has this in it."""
    (found,) = [code for kind, code in BLOCKS if kind == language and part in code]
    return found


def typed(code: str, folder: Path, variables: dict[str, str], shell: str = "bash") -> str:
    """Type a block, and return what it prints."""
    done = subprocess.run(
        (shell, "-euc", code),
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copies(new_postgres: NewDatabase, tmp_path: Path) -> Iterator[Copies]:
    with ExitStack() as stack:
        tools = [stack.enter_context(open_for_business(one())) for one in (Klaviyo, HubSpot, Crm)]
        yield Copies(new_postgres(clustered_shop), tmp_path, tools)


@pytest.fixture
def follower(copies: Copies) -> Iterator[str]:
    """Name a user of this test alone: users are the server's, not the database's."""
    name = f"activate_{make_url(copies.url).database}"
    yield name
    copies.change(f"DROP OWNED BY {name}")
    copies.change(f"DROP ROLE {name}")


def test_every_night_as_a_user_who_sees_no_more_than_is_copied(
    copies: Copies, follower: str
) -> None:
    need("psql", ["postgresql-client"])
    variables = copies.variables
    (copies.folder / ".venv-activate").symlink_to(sys.prefix)
    typed(block("bash", "psql"), copies.folder, variables)  # a second time, which changes nothing
    granted = block("sql", "CREATE ROLE").replace("ecommerce.", "").replace("ecommerce", "public")
    here = f" {follower}"
    copies.psql("-c", re.sub(r" activate(?= LOGIN|;)", here, granted))
    profile = copies.project / "profiles.yml"
    profile.write_text(re.sub(r"user: .*", f"user: {follower}", profile.read_text()))
    typed(block("bash", "profiles.yml"), copies.folder, variables)
    theirs = make_url(copies.url).set(username=follower, drivername="postgresql")
    variables["DATABASE_URL"] = theirs.render_as_string(hide_password=False)
    variables["ACTIVATE_PASSWORD"] = "of your choice"
    nightly = block("bash", "forget klaviyo hubspot crm")
    typed(nightly, copies.folder, variables)
    for tool in copies.tools:
        assert tool.people == copies.published()
    copies.change("DELETE FROM customers WHERE id = 9")
    wait_for(perform_once(copies.url, as_of=AS_OF))
    typed(nightly, copies.folder, variables)
    for tool in copies.tools:
        assert len(tool.people) == CLUSTERED_CUSTOMERS - 1
    by_cron(copies, variables)


def by_cron(copies: Copies, variables: dict[str, str]) -> None:
    """Let cron copy one who moved."""
    need("flock", ["util-linux"])
    move(copies.url, 7, 0.97, seconds=1)
    (copies.folder / "activate.env").write_text(
        "".join(f"{name}='{value}'\n" for name, value in variables.items())
    )
    line = block("cron", "flock").partition("  ")[2]
    for printed, here in {
        "/opt/intelligence-backend": str(copies.folder),
        "/etc/activate.env": f"{copies.folder}/activate.env",
        "/run/lock/activate": f"{copies.folder}/lock",
    }.items():
        line = line.replace(printed, here)
    for tool in copies.tools:
        tool.forget_requests()
    typed(line, copies.folder, {"PATH": os.environ["PATH"]}, shell="/bin/sh")
    assert [len(one) for one in copies.sent()] == [1, 0, 0]


@pytest.mark.long
def test_what_it_needs_is_installed_with_every_hash(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    code = block("bash", "pip install").replace("python3", sys.executable)
    typed(code, tmp_path, {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    done = subprocess.run(
        (tmp_path / ".venv-activate" / "bin" / "drt", "--version"),
        capture_output=True,
        text=True,
        check=True,
    )
    pinned = (ROOT / "examples" / "requirements.txt").read_text()
    (version,) = re.findall(r"^drt-core==(\S+)", pinned, re.MULTILINE)
    assert version in done.stdout.split()


@pytest.fixture
def live(new_postgres: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    url = new_postgres(clustered_shop)
    with serving(url, tmp_path, variables=NO_WORKER) as service:
        yield service


def test_by_hand(live: Live, tmp_path: Path) -> None:
    need("curl", ["curl"])
    variables = {**os.environ, "API_KEY": API_KEY}
    typed(block("bash", "changed.csv").replace(PRINTED, live.address), tmp_path, variables)
    with (tmp_path / "changed.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert sorted(int(one["customer_id"]) for one in found) == [*range(1, CLUSTERED_CUSTOMERS + 1)]
    assert found[0].keys() == {
        "customer_id",
        "email",
        "archetype_id",
        "churn_risk",
        "predicted_value",
    }
    gone = typed(block("bash", "gone?since").replace(PRINTED, live.address), tmp_path, variables)
    assert json.loads(gone) == {"gone": []}


def test_by_the_api_in_twenty_lines(live: Live, tmp_path: Path) -> None:
    code = block("python", "copied.json").replace(PRINTED, live.address)
    (tmp_path / "follow.py").write_text(code)

    def told() -> list[list[str]]:
        program = f"{sys.executable} follow.py"
        said = typed(program, tmp_path, {"PATH": os.environ["PATH"], "API_KEY": API_KEY})
        return [line.split()[:2] for line in said.splitlines()]

    everybody = range(1, CLUSTERED_CUSTOMERS + 1)
    assert sorted(told()) == sorted(["copy", str(one)] for one in everybody)
    assert told() == []
    move(live.url, 7, 0.97, seconds=1)
    erased = live.client.delete("/api/admin/customers/5", headers={"X-API-Key": ADMIN_KEY})
    assert erased.is_success
    assert told() == [["copy", "7"], ["delete", "5"]]
    assert told() == []


def test_the_loop_is_of_twenty_lines() -> None:
    lines = block("python", "copied.json").splitlines()
    assert len([line for line in lines if line and not line.startswith(("import", "from"))]) <= 20
