"""Keys for one use each, derived from a secret of the configuration, and marks made with them.

A key is derived by HKDF with SHA-256 (RFC 5869), one label per use, so that what one use gives away
says nothing of another. A mark is an HMAC of a customer's id: it recognises the id, and does not
tell it to whoever has the mark and not the key.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from backend.core.customer_id import CustomerId

HASH = "sha256"
SALT = b"intelligence-backend"
# Enough to tell keys apart in a table; nobody has to guess them from it.
SHOWN_DIGITS = 12


class Use(StrEnum):
    """What a key is for; the label that it is derived with."""

    TOMBSTONE = "tombstone"
    CACHE = "cache"
    CURSOR = "cursor"
    FINGERPRINT = "fingerprint"
    SESSION = "session"
    AT_REST = "at_rest"


def derived(secret: str, use: Use) -> bytes:
    """Return the key of 32 bytes for one use of a secret."""
    return expanded(hmac.digest(SALT, secret.encode(), HASH), use.encode())


def keys_at_rest(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Return the keys that encrypt secrets of others that we keep."""
    return tuple(derived(secret, Use.AT_REST) for secret in secrets)


def expanded(pseudorandom_key: bytes, info: bytes) -> bytes:
    """Return the first block of HKDF's second step, which is all that 32 bytes need."""
    return hmac.digest(pseudorandom_key, info + b"\x01", HASH)


def fingerprint(key: bytes, text: str) -> str:
    """Return what tells a text apart from others without telling it."""
    return hmac.digest(key, text.encode(), HASH).hex()[:SHOWN_DIGITS]


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks customers' ids.

    Attributes
    ----------
    keys
        The first makes new marks; marks made with any are recognised.
    """

    keys: Sequence[bytes] = field(default=(), repr=False)

    @classmethod
    def of(cls, secrets: Iterable[str], use: Use) -> Self:
        """Derive the keys for one use of each secret."""
        return cls(tuple(derived(secret, use) for secret in secrets))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """What is kept beside a mark, to know which key it was made with."""
        return tuple(fingerprint(key, "key") for key in self.keys)

    def mark(self, customer_id: CustomerId) -> str:
        """Return the mark that a new tombstone has."""
        return self.marks(customer_id)[0]

    def marks(self, customer_id: CustomerId) -> list[str]:
        """Return what this id may be marked as, by any of the keys."""
        text = customer_id.text.encode()
        return [hmac.digest(key, text, HASH).hex() for key in self.keys]


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """All keys of ours that a process which serves works with.

    Attributes
    ----------
    tombstones, cached
        Mark customers' ids in our tables and in the cache.
    fingerprints
        Tells callers' keys apart in the audit.
    sessions
        Signs what browsers carry that have signed in.
    at_rest
        Encrypt secrets of others that we keep; the first encrypts, all decrypt.
    """

    tombstones: Marker
    cached: Marker
    fingerprints: bytes = field(repr=False)
    sessions: bytes = field(repr=False)
    at_rest: Sequence[bytes] = field(repr=False)

    @classmethod
    def of(cls, secrets: Sequence[str]) -> Self:
        """Derive them; the first secret makes new marks."""
        return cls(
            Marker.of(secrets, Use.TOMBSTONE),
            Marker.of(secrets[:1], Use.CACHE),
            derived(secrets[0], Use.FINGERPRINT),
            derived(secrets[0], Use.SESSION),
            keys_at_rest(secrets),
        )
