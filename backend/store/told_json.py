"""What webhooks are told, as JSON."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from backend.webhooks.webhook_bodies import Told


def told_json(told: Told) -> str:
    """Write it."""
    kind: type = type(told)
    return _adapter(kind).dump_json(told).decode()


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
