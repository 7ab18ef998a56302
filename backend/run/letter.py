"""A delivery as it is sent: its body, and the headers that sign it (Standard Webhooks)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook as Signer

from backend import __version__
from backend.core.late import late
from backend.core.secret_keys import keys_at_rest
from backend.run.people_named import with_people
from backend.run.run_config import RunConfig
from backend.store.delivery_leases import DueDelivery
from backend.store.told_json import told_json
from backend.webhooks.delivery import Delivery

USER_AGENT = f"Intelligence-Backend/{__version__}"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent."""

    headers: Mapping[str, str]
    body: bytes


async def letter(due: DueDelivery, config: RunConfig, now: datetime) -> Letter | None:
    """Write a delivery as it is sent now; None where its secret cannot be read.

    Parameters
    ----------
    due
        What is to be told.
    config
        Where the shop is, and what secrets are read with.
    now
        The time.

    Raises
    ------
    PeopleUnknown
        When names are asked for and the shop does not tell them.
    """
    if (keys := _secrets(due.seals, config.secrets)) is None:
        return None
    told = due.told
    if not isinstance(told, str):
        told = told_json(await with_people(told, config) if due.webhook.people else told)
    body = _body(due.delivery, told)
    return Letter(_headers(due.delivery, body, keys, now), body.encode())


def _secrets(seals: Sequence[str], secrets: Sequence[str]) -> list[str] | None:
    """Return the secrets that can be read; None where that which holds is not among them."""
    opened_seal = late("backend.core.sealing").opened_seal
    found = [opened_seal(keys_at_rest(secrets), seal) for seal in seals]
    return None if found[0] is None else [one for one in found if one is not None]


def _body(delivery: Delivery, told: str) -> str:
    at = delivery.happened_at.isoformat().replace("+00:00", "Z")
    return json.dumps({"type": delivery.event, "timestamp": at, "data": json.loads(told)})


def _headers(delivery: Delivery, body: str, keys: Sequence[str], now: datetime) -> dict[str, str]:
    signatures = [Signer(key).sign(delivery.message_id, now, body) for key in keys]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
