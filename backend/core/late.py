"""Modules that are imported when something first needs them.

What a process may never use should cost it neither memory nor a second of its start: importing the
language model's client takes 40 MiB and more time than all else that serves, Alembic 11 MiB, a
Redis client 6 MiB, another database's driver 5 MiB, the templates of a page a tenth of a second.
This is the one way to put an import off; everything else is at the top.
"""

import sys
from importlib import import_module
from typing import Any


def late(module: str) -> Any:
    """Import a module now; whoever calls says by a `Protocol` what comes out of it."""
    return import_module(module)


def late_without(absent: str, module: str) -> Any:
    """Import a module as where another is not installed, which it would import for nothing."""
    if absent in sys.modules:
        return late(module)
    sys.modules[absent] = None  # type: ignore[assignment]  # as Python's documentation has it
    try:
        return late(module)
    finally:
        del sys.modules[absent]
