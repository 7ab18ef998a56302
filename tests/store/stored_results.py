"""What runs of every build left behind: the texts as they were stored, by build and kind.

`first_segments`, `first_groups` and `first_readiness` are builds before 10.0 was one, `typed` is
the first with a number, `scoring` the first that scores customers between runs. All describe the
same invented shop. `campaigns` is the first with campaigns: what an invented one was promised and
answered.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("stored")
BUILDS = (
    "first_segments",
    "first_groups",
    "first_readiness",
    "10_0",
    "typed",
    "scoring",
    "campaigns",
)


def text_of(build: str, kind: str) -> str:
    """Return a stored text: "report", "explainer" or "model"."""
    return (FOLDER / build / f"{kind}.json").read_text()


def builds_with(kind: str) -> list[str]:
    """Name the builds that have a text of this kind, the oldest first."""
    return [build for build in BUILDS if (FOLDER / build / f"{kind}.json").exists()]


def segment_rows(build: str) -> list[dict[str, Any]]:
    """Return rows of `segments`, as migrated: the first ones had no groups."""
    rows: list[dict[str, Any]] = json.loads(text_of(build, "segments"))
    return [{"is_group": 0, **row} for row in rows]
