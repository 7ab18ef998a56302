"""Keys: what each of them opens."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from fastapi.security import APIKeyHeader

key_header = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    description="A key of API_KEY, API_KEY_MASKED or ADMIN_API_KEY.",
)


class Role(IntEnum):
    """What a key opens; a greater role opens all that a smaller one does."""

    READS_NUMBERS = 1
    READS = 2
    ADMINISTERS = 3


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of one process, each with its role."""

    keys: tuple[tuple[Role, bytes], ...]

    @classmethod
    def of(cls, keys: Mapping[Role, Iterable[str]]) -> Self:
        """Make one from the keys of each role."""
        return cls(tuple((role, key.encode()) for role, some in keys.items() for key in some))

    @property
    def known(self) -> list[str]:
        """All of them."""
        return [key.decode() for _, key in self.keys]

    def role_of(self, sent: str | None) -> Role | None:
        """Return what a sent key opens; None for an unknown one.

        It is compared with every key, each in constant time, so that timing tells nothing.
        """
        text = (sent or "").encode()
        roles = [role for role, key in self.keys if hmac.compare_digest(text, key)]
        return max(roles, default=None)
