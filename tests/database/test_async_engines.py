"""Engines that are imported without the ORM, and what else of their package there is later."""

import subprocess
import sys

from tests.live import ROOT

AHEAD_THEN_WHOLE = """
import sys
from backend.database.async_engines import AsyncEngine
ahead = "sqlalchemy.orm" in sys.modules
import sqlalchemy.ext.asyncio as whole
print(ahead, whole.AsyncEngine is AsyncEngine, whole.AsyncSession.__name__)
"""


def test_who_imports_the_package_later_gets_all_of_it_with_the_same_engines() -> None:
    asked = (sys.executable, "-c", AHEAD_THEN_WHOLE)
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "AsyncSession"]
