"""The check of the key that every route but /health asks for."""

import hmac
from collections.abc import Sequence
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader

from backend.api.state import State
from backend.core.errors import NotAllowed, NotAuthenticated

key_header = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="A key of API_KEY or ADMIN_API_KEY."
)


SentKey = Annotated[str | None, Security(key_header)]


def opens_reading(state: State, key: SentKey) -> None:
    """Let any known key pass.

    Raises
    ------
    NotAuthenticated
        Without a key, or with an unknown one.
    """
    if not _is_one_of(key, (*state.api_keys, *state.admin_api_keys)):
        raise NotAuthenticated


def opens_admin(state: State, key: SentKey) -> None:
    """Let admin keys pass.

    Raises
    ------
    NotAuthenticated
        Without a key, or with an unknown one.
    NotAllowed
        With a key that opens the plain routes only.
    """
    if _is_one_of(key, state.admin_api_keys):
        return
    opens_reading(state, key)
    raise NotAllowed


def _is_one_of(key: str | None, known: Sequence[str]) -> bool:
    """Compare with every key, each in constant time, so that timing tells nothing."""
    sent = (key or "").encode()
    return sum(hmac.compare_digest(sent, one.encode()) for one in known) > 0
