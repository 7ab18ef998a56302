"""What the models learn from equal arrays is learnt once by the process of the tests.

They are pure: arrays and options in, arrays out. A shop that is read alike from three databases is
thus forecast and segmented once, and only reading, publishing and serving are done on each.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from backend.forecast.learn.predict import forecast
from backend.run import learn
from backend.segments.learn.night import segment

Pure = Callable[..., Any]


def _remembered(learnt: Pure) -> Pure:
    known: dict[bytes, bytes] = {}

    @wraps(learnt)
    def look_up(*arrays: Any, progress: Callable[[float], None] | None = None, **more: Any) -> Any:
        asked = hashlib.sha256(pickle.dumps((arrays, more))).digest()
        if asked not in known:
            told = {} if progress is None else {"progress": progress}
            known[asked] = pickle.dumps(learnt(*arrays, **more, **told))
        return pickle.loads(known[asked])  # a copy of their own to whoever asks

    return look_up


LEARNT: dict[str, Pure] = {"forecast": forecast, "segment": segment}
REMEMBERED = {name: _remembered(learnt) for name, learnt in LEARNT.items()}


@contextmanager
def remembering() -> Iterator[None]:
    """Let the runs of this process learn nothing twice."""
    try:
        vars(learn).update(REMEMBERED)
        yield
    finally:
        vars(learn).update(LEARNT)
