"""An error for the log: its frames, its class, and its words only where these can quote no value.

`ValueError: could not convert string to float: 'ada@example.com'` and the sentences of databases
repeat what somebody's table holds. Which errors do not is known for those below; of all others the
class, the frames and a database's code for the fault have to do.
"""

import traceback
from collections.abc import Iterator
from types import TracebackType

from backend.core.errors import BackendError

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

# They speak of code, files and addresses, not of what a table holds.
QUOTE_NO_VALUE = (
    BackendError,
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
)
CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
MEANWHILE = "\nDuring handling of the above exception, another exception occurred:\n\n"


def told(error: BaseException) -> str:
    """Write an error, what led to it, and the frames of each."""
    return "".join(_parts(error, set())).rstrip("\n")


def _parts(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _parts(before, seen)
        yield CAUSED if error.__cause__ else MEANWHILE
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{in_a_word(error)}\n"
    for one in getattr(error, "exceptions", ()):  # of a group
        yield from _parts(one, seen)


def in_a_word(error: BaseException) -> str:
    """Name an error: its class, and its words or code where there are any that quote no value."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in {"builtins", "__main__"}:
        name = f"{kind.__module__}.{name}"
    said = str(error) if isinstance(error, QUOTE_NO_VALUE) else _code(error)
    return f"{name}: {said}" if said else name


def _code(error: BaseException) -> str:
    """Return what a database calls the fault: a state, a name or a number."""
    for attribute in ("sqlstate", "sqlite_errorname"):
        if isinstance(code := getattr(error, attribute, None), str):
            return code
    number = error.args[0] if error.args else None
    return str(number) if isinstance(number, int) and not isinstance(error, KeyError) else ""
