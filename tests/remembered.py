"""What the models learn from equal arrays is learnt once by the tests, whichever process asks.

They are pure: arrays and options in, arrays out. A shop that is read alike from three databases is
thus forecast and segmented once, and only reading, publishing and serving are done on each. So it
is in the runs of services and commands that are forked (`tests/forked.py`), unless they are told
`ANEW`, as where a run is to be met while it learns.
"""

import hashlib
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from backend.forecast.learn.predict import forecast
from backend.run import learn
from backend.segments.learn.night import segment
from tests.shared_folder import folder_of_all

Pure = Callable[..., Any]
ANEW = {"LEARN_ANEW": "true"}


class Memory:
    """What was learnt, pickled, by the digest of the arrays; in files where there are workers."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def get(self, asked: str) -> bytes | None:
        """Return what is known."""
        if asked not in self._known and (file := _file(asked)) is not None and file.exists():
            self._known[asked] = file.read_bytes()
        return self._known.get(asked)

    def keep(self, asked: str, learnt: bytes) -> None:
        """Remember, for the other workers too."""
        self._known[asked] = learnt
        if (file := _file(asked)) is not None:
            mine = file.with_suffix(f".{os.getpid()}")
            mine.write_bytes(learnt)
            mine.replace(file)


def _file(asked: str) -> Path | None:
    folder = folder_of_all()
    return None if folder is None else folder / f"learnt-{asked}"


def _remembered(learnt: Pure) -> Pure:
    memory = Memory()

    @wraps(learnt)
    def look_up(
        *arrays: Any,
        progress: Callable[[float], None] | None = None,
        foresee: Pure | None = None,
        threads: int = 1,
        **more: Any,
    ) -> Any:
        asked = hashlib.sha256(pickle.dumps((learnt.__name__, arrays, more))).hexdigest()
        if (found := memory.get(asked)) is None:
            # None of them says anything of the numbers.
            named = {"progress": progress, "foresee": foresee, "threads": threads}
            told = {name: given for name, given in named.items() if given is not None}
            found = pickle.dumps(learnt(*arrays, **more, **told))
            memory.keep(asked, found)
        return pickle.loads(found)  # a copy of their own to whoever asks

    return look_up


LEARNT: dict[str, Pure] = {"forecast": forecast, "segment": segment}
REMEMBERED = {name: _remembered(learnt) for name, learnt in LEARNT.items()}


@contextmanager
def remembering() -> Iterator[None]:
    """Let the runs of this process learn nothing twice."""
    try:
        remember()
        yield
    finally:
        vars(learn).update(LEARNT)


def remember() -> None:
    """Let them do so from now on."""
    vars(learn).update(REMEMBERED)
