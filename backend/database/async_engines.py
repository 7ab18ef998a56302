"""SQLAlchemy's asynchronous engines without its ORM, which nothing of ours uses.

The package around them imports the ORM for its sessions: a quarter of what SQLAlchemy adds to a
start, and 6 MiB. Hence their module is imported ahead of the package, and all of ours takes them
from here. Who imports the package later, as Alembic does, gets the whole of it, with these in it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec

__all__ = ["AsyncConnection", "AsyncEngine", "create_async_engine"]


@contextmanager
def _ahead_of(package: str) -> Iterator[None]:
    """Import modules of a package as if its own body were empty."""
    spec = find_spec(package)
    if package in sys.modules or spec is None:
        yield
        return
    sys.modules[package] = module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[package]


with _ahead_of("sqlalchemy.ext.asyncio"):
    from sqlalchemy.ext.asyncio.engine import AsyncConnection, AsyncEngine, create_async_engine
