"""An invitation: a link that signs one browser of this machine in, once, without pasting a key."""

import hmac
import secrets

TOKEN_BYTES = 24


class Invitation:
    """Good for one sign-in with a key.

    Parameters
    ----------
    key
        What whoever accepts is signed in with.

    Attributes
    ----------
    token
        What the link carries.
    """

    def __init__(self, key: str) -> None:
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._key: str | None = key

    def accepted(self, token: str) -> str | None:
        """Return the key to whoever brings the token, the first time; else None."""
        if self._key is None or not hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        key, self._key = self._key, None
        return key
