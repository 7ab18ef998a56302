"""What the workers of pytest-xdist share, and which of them gets which tests.

They share a folder, the servers of databases, and the process that forks.

One worker has all tests that share what a module makes.

The grouping of pytest-xdist itself writes the group into a test's id, which pytest no longer takes.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import forked
from tests.servers_of_all import ServersOfAll
from tests.shared_folder import share

GROUPS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Take, in a worker, the folder that it is told."""
    if (told := getattr(config, "workerinput", None)) is not None:
        share(Path(told["groups"]).parent)


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out single tests, and those that share something together."""

    def _split_scope(self, nodeid: str) -> str:
        if not hasattr(self, "_groups"):
            self._groups: dict[str, str] = json.loads(self.config.stash[GROUPS].read_text())
        return self._groups.get(nodeid, nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    """Schedule by what tests share."""
    return Sharing(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where to write which tests belong together."""
    stash = node.config.stash
    if GROUPS not in stash:
        folder = tempfile.TemporaryDirectory(prefix="ib-")
        servers = ServersOfAll(Path(folder.name))
        # What was added last is done first.
        for tidy in (folder.cleanup, servers.close, forked.serve_in(Path(folder.name))):
            node.config.add_cleanup(tidy)
        stash[GROUPS] = Path(folder.name) / "groups.json"
    node.workerinput["groups"] = str(stash[GROUPS])


@pytest.hookimpl(tryfirst=True)  # ahead of the message that all is collected
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write, in a worker, which tests belong together; all workers write the same."""
    told = getattr(session.config, "workerinput", None)
    if told is None:
        return
    tests = (item for item in session.items if isinstance(item, pytest.Function))
    groups = {test.nodeid: group for test in tests if (group := _group(test))}
    mine = Path(f"{told['groups']}.{told['workerid']}")
    mine.write_text(json.dumps(groups))
    mine.replace(told["groups"])


def _group(test: pytest.Function) -> str | None:
    """Name what a test shares with others of its module, or with all that use Redis."""
    if (mark := test.get_closest_marker("xdist_group")) is not None:
        return str(mark.args[0])
    made = test._fixtureinfo.name2fixturedefs
    if "redis" in made:  # it has one memory for all, and is filled, paused and stopped
        return "redis"
    if not any(one.scope == "module" for fixtures in made.values() for one in fixtures):
        return None
    parameters = getattr(test, "callspec", None)
    database = parameters.params.get("new_module_database") if parameters else None
    return f"{test.path.name}:{database or 'all'}"
