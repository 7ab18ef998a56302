"""Modules that are imported when something first needs them.

What a process may never use should cost it neither memory nor a second of its start: importing the
language model's client takes 40 MiB and more time than all else that serves, Alembic 11 MiB, a
Redis client 6 MiB, another database's driver 5 MiB, the templates of a page a tenth of a second.
This is the one way to put an import off; everything else is at the top.
"""

from importlib import import_module
from typing import Any


def late(module: str) -> Any:
    """Import a module now; whoever calls says by a `Protocol` what comes out of it."""
    return import_module(module)
