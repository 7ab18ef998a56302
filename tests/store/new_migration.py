"""Write the migration that our tables lack: `make migration NAME="What it is for"`.

What the code expects is compared with a new SQLite database that has all migrations so far.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.live import ROOT


def write(message: str, root: Path = ROOT) -> None:
    """Write it beside the others of a copy of the project, with the next number."""
    with TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/ours.db"
        variables = {"DATABASE_URL": url, "INTELLIGENCE_DATABASE_URL": url, "API_KEY": "none"}
        for arguments in (("upgrade", "head"), ("revision", "--autogenerate", "-m", message)):
            subprocess.run(
                (sys.executable, "-m", "alembic", *arguments),
                cwd=root,
                env={**os.environ, **variables},
                check=True,
            )


if __name__ == "__main__":
    write(sys.argv[1])
