"""How a SQLite file is opened: a shop's is only read, and none is made by mistake."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from urllib.parse import quote

from sqlalchemy import URL

from backend.database.causes import NO_ROOM
from backend.database.url_options import refuse_unknown, say_dropped, words
from backend.database.urls import InvalidDatabaseUrl, parse_url

# https://www.sqlite.org/uri.html
FOR_SQLITE = words("mode immutable nolock cache vfs psow")
WITHOUT_MEANING = words(
    "uri timeout check_same_thread isolation_level detect_types cached_statements charset "
    "serverVersion connection_limit pool_size"
)
IN_MEMORY = ("", ":memory:")
# What a disk that is as good as full has no room for, and a look at it costs nothing.
ROOM_BYTES = 64 * 1024


class Opening(StrEnum):
    """What a file is opened for."""

    READ = "to read"  # the shop's
    CHANGE = "to change what is there"  # ours, in the shop's file
    CREATE = "to change, and to make where it is missing"  # ours, in a file of its own; an import


def opening_of_shop(shop_url: str, our_url: str) -> Opening:
    """Tell how the shop's file is opened; it may be ours too."""
    return Opening.CHANGE if shop_url == our_url else Opening.READ


def opening_of_ours(shop_url: str, our_url: str) -> Opening:
    """Tell how our file is opened: where it has to be the shop's too, it is there."""
    return Opening.CHANGE if shop_url == our_url else Opening.CREATE


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file that a URL names, and what the URL says about opening it.

    Attributes
    ----------
    path
        Where it is, or will be.
    options
        SQLite's own, by name.
    """

    path: Path
    options: Mapping[str, str]

    def address(self, opening: Opening) -> str:
        """Return what SQLite is told to open.

        Raises
        ------
        sqlite3.OperationalError
            When nothing may be made, and nothing is there.
        """
        if opening is not Opening.CREATE and not self.path.exists():
            raise _missing(self.path)
        told = {**_asked(self.path, opening), **self.options}
        query = "&".join(f"{name}={quote(value)}" for name, value in told.items())
        return f"file:{quote(str(self.path))}?{query}"


def sqlite_file(url: URL) -> SqliteFile:
    """Read which file a URL names, with or without SQLite's own `file:`.

    Raises
    ------
    InvalidDatabaseUrl
        When it names no file, or has an option that is not known.
    """
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    dropped = frozenset(query.keys() & WITHOUT_MEANING)
    refuse_unknown(query.keys() - dropped - FOR_SQLITE)
    say_dropped(dropped)
    name = (url.database or "").removeprefix("file:")
    if name in IN_MEMORY or query.get("mode") == "memory":
        raise InvalidDatabaseUrl("names no file")
    return SqliteFile(Path(name), {name: query[name] for name in FOR_SQLITE & query.keys()})


def _asked(path: Path, opening: Opening) -> dict[str, str]:
    if opening is Opening.CREATE:
        return {"mode": "rwc"}
    if opening is not Opening.CHANGE and os.statvfs(path).f_flag & os.ST_RDONLY:
        # Nobody can change it, so that no lock and no file beside it is needed.
        return {"mode": "ro", "immutable": "1"}
    # Also to read: who only reads a file in WAL mode leaves two files beside it, who may write
    # takes them away. Which mode it is in is not looked up: with any descriptor that a process
    # closes, all locks are gone that SQLite has on that file in it, and others take the log away
    # that is read (https://www.sqlite.org/howtocorrupt.html, 2.2). Writing is refused otherwise.
    return {"mode": "rw"}


def _missing(path: Path) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(f"there is no file {path.absolute()}")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    error.sqlite_errorname = "SQLITE_CANTOPEN"
    return error


@contextmanager
def tried_beside(url: str) -> Iterator[str]:
    """Give the URL of what a SQLite file that is missing would be; nothing of it stays.

    Of any other database, of a file that is there, and of one that could not be made, it is `url`.
    """
    named = parse_url(url)
    file = Path(named.database or "")
    is_missing = named.get_backend_name() == "sqlite" and not file.exists()
    if not (is_missing and file.name and os.access(file.parent, os.W_OK | os.X_OK)):
        yield url
        return
    with TemporaryDirectory(prefix=".", dir=file.parent) as folder:
        beside = named.set(database=str(Path(folder, file.name)))
        yield beside.render_as_string(hide_password=False)


def prove_room_beside(file: Path) -> None:
    """Write beside a file what is gone at once.

    Raises
    ------
    OSError
        Where there is no room. Whether the folder can be written says nothing of the file.
    """
    try:
        with TemporaryFile(dir=file.parent) as probe:
            probe.write(bytes(ROOM_BYTES))
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
