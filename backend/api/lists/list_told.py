"""A list in a line, for the audit: what was asked for, and nobody's name."""

import re
from collections.abc import Mapping

from backend.store.tables import SEGMENT_ID_LENGTH

# What is written otherwise is no number, instant or id of ours, and might name a person.
PLAIN = re.compile(r"-?[a-z0-9_.:+-]{1,64}", re.ASCII | re.IGNORECASE)
CUT = "…"


def told(question: Mapping[str, object]) -> str:
    """Tell a list's conditions and order as an address does, as far as the audit has room."""
    line = "&".join(f"{name}={_plain(value)}" for name, value in question.items())
    return line if len(line) <= SEGMENT_ID_LENGTH else line[: SEGMENT_ID_LENGTH - 1] + CUT


def _plain(value: object) -> str:
    words = map(str, value) if isinstance(value, list) else [str(value)]
    return ",".join(word if PLAIN.fullmatch(word) else CUT for word in words)
