"""Which encoding a text file is in, with what says so."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.core.errors import ImportRefused

CHUNK_BYTES = 1 << 20
HEAD_BYTES = 4096
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
AROUND = 12
# Names of an error handler: bytes that are no UTF-8 are taken for what Windows has in their place.
FROM_CP1252 = "from_cp1252"


def _from_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(FROM_CP1252, _from_cp1252)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes are text.

    Attributes
    ----------
    codec, errors
        For `open`.
    name
        As people call it.
    evidence
        What says so, with an example from the file.
    """

    codec: str
    errors: str
    name: str
    evidence: str


def encoding_of(path: Path, asked: str | None) -> Encoding:
    """Find out how a file is encoded; reads it once.

    Parameters
    ----------
    path
        A text file.
    asked
        The encoding that somebody says it is in.

    Raises
    ------
    ImportRefused
        When there is no such encoding.
    """
    if asked:
        return _asked(path, asked)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    for mark, codec, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return Encoding(codec, "replace", name, "its first bytes say so")
    if wide := _utf16_without_mark(head):
        return Encoding(wide, "replace", "UTF-16", "every other byte is zero")
    return _of_bytes(path)


def _asked(path: Path, asked: str) -> Encoding:
    try:
        codec = codecs.lookup(asked)
    except LookupError:
        problem = f"cannot be read as '{asked}', which is no encoding; such as utf-8 or cp1252"
        raise ImportRefused(path.name, problem) from None
    name = "utf-8-sig" if codec.name == "utf-8" else codec.name
    return Encoding(name, "replace", codec.name, "asked for")


def _utf16_without_mark(head: bytes) -> str | None:
    """Tell by where the zeros are: text of western letters has one in each two bytes."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > half // 2 and even < half // 10 + 1:
        return "utf-16-le"
    return "utf-16-be" if even > half // 2 and odd < half // 10 + 1 else None


def _of_bytes(path: Path) -> Encoding:
    is_wide, problem = False, ""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    lines = 1
    for chunk in _chunks(path):
        is_wide = is_wide or SEQUENCE.search(chunk) is not None
        if not problem:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                seen = error.object  # with what was kept of the chunk before
                line = lines + seen.count(b"\n", 0, error.start)
                problem = f"line {line}: {_around(seen, error.start)}"
        lines += chunk.count(b"\n")
    if not problem:
        return Encoding("utf-8", FROM_CP1252, "UTF-8", "" if is_wide else "only ASCII in it")
    if is_wide:
        return Encoding("utf-8", FROM_CP1252, "UTF-8, in part cp1252", problem)
    return Encoding("cp1252", "replace", "cp1252", problem)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _around(seen: bytes, place: int) -> str:
    """Return what stands around a byte, as Windows would read it."""
    before = re.split(rb"[\r\n,;\t|\"]", seen[max(place - AROUND, 0) : place])[-1]
    after = re.split(rb"[\r\n,;\t|\"]", seen[place : place + AROUND])[0]
    return (before + after).decode("cp1252", "replace")
