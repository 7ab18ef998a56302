"""The audit as routes use it: one line says that the caller did something."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Security

from backend.api.keys import key_header
from backend.api.state import ApiState, State
from backend.core.glossary import Action
from backend.core.secret_keys import fingerprint
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection
from backend.store import audit
from backend.store.patience import changed


@dataclass(frozen=True, slots=True)
class Auditor:
    """Records what the caller of one request does.

    Attributes
    ----------
    key
        Fingerprint of the key that was sent.
    """

    state: ApiState
    key: str

    async def record(
        self, connection: AsyncConnection, action: Action, subject: str | None = None
    ) -> None:
        """Record it in the transaction that does it."""
        await audit.record(connection, self.key, action, subject, now=await read_clock(connection))

    async def note(self, action: Action, subject: str | None = None) -> None:
        """Record by itself what changes nothing of ours."""
        await changed(self.state.engine, partial(self.record, action=action, subject=subject))


async def auditor_of(state: State, key: Annotated[str | None, Security(key_header)]) -> Auditor:
    """Say who the caller is."""
    return Auditor(state, fingerprint(state.own_keys.fingerprints, key or ""))


Audited = Annotated[Auditor, Depends(auditor_of)]
