"""Secrets of others that we have to be able to read: encrypted where they are kept.

Imported by what seals or opens one: the library behind it takes a tenth of a second.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


def sealed(keys: Sequence[bytes], secret: str) -> str:
    """Return a secret encrypted with the first key.

    Parameters
    ----------
    keys
        Of 32 bytes each.
    secret
        Any text.
    """
    return _box(keys).encrypt(secret.encode()).decode()


def opened_seal(keys: Sequence[bytes], seal: str) -> str | None:
    """Return what was sealed with any of the keys; None where it was with none of them."""
    try:
        return _box(keys).decrypt(seal.encode()).decode()
    except InvalidToken:
        return None


def _box(keys: Sequence[bytes]) -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
