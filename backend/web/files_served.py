"""Styles and scripts, under names that change with what is in them, so that browsers keep them."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import Response
from starlette.exceptions import HTTPException

from backend.web.entrance import APP

FOLDER = Path(__file__).parent / "static"
BELOW = f"{APP}/static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HASH_DIGITS = 12
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file as it is sent."""

    content: bytes
    media_type: str


@cache
def file_path(name: str) -> str:
    """Return where a file of the folder is served, such as "app.css"."""
    return f"{BELOW}/{_hashed(FOLDER / name)}"


@cache
def _files() -> dict[str, ServedFile]:
    """Return what is served, by hashed name."""
    found = (one for one in FOLDER.rglob("*") if one.suffix in TYPES)
    return {_hashed(one): ServedFile(one.read_bytes(), TYPES[one.suffix]) for one in found}


def _hashed(file: Path) -> str:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:HASH_DIGITS]
    return f"{file.stem}.{digest}{file.suffix}"


async def send_file(name: str) -> Response:
    """Send a style or a script, which browsers then keep for ever."""
    if (found := _files().get(name)) is None:
        raise HTTPException(404)
    return Response(found.content, media_type=found.media_type, headers=FOR_EVER)
