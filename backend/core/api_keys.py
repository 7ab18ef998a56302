"""What a text must be to be a key that callers can send, and that nobody guesses."""

import re
from collections.abc import Iterable

SAFE_LENGTH = 16
HOW_TO_MAKE_ONE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
# The keys of examples, which everybody knows.
PLACEHOLDER = re.compile(r"change[-_]?me", re.IGNORECASE)
QUOTES = "\"'`"


def why_unusable(key: str) -> str | None:
    """Say what keeps a key from being one, if anything; never the key itself."""
    if PLACEHOLDER.fullmatch(key.strip(QUOTES)):
        return "still holds the example's key"
    if key[0] in QUOTES or key[-1] in QUOTES:
        return "holds a key in quotes, which --env-file and cron take for a part of it"
    if not key.isascii():
        return "holds a key with letters beyond ASCII, which no header can carry"
    if any(letter.isspace() or not letter.isprintable() for letter in key):
        return "holds a key with a blank or a control character inside"
    return None


def is_short(keys: Iterable[str]) -> bool:
    """Tell whether one of the keys could be found by trying."""
    return any(len(key) < SAFE_LENGTH for key in keys)
