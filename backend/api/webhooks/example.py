"""One webhook and one delivery, as JSON."""

from pydantic.config import JsonDict

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105, Standard Webhooks' own example
WANTED: JsonDict = {
    "url": "https://shop.example.com/hooks/intelligence",
    "events": ["run.published", "segment.changed", "customer.at_risk"],
    "moves": {"from": [], "to": ["at_risk_repeat"], "cause": ["behaviour"]},
    "at_risk_from": 0.7,
    "at_risk_again_below": 0.6,
    "people": False,
}
WEBHOOK: JsonDict = {
    "id": "3f9a0c51d2e84b77",
    **WANTED,
    "created_at": "2026-03-02T08:00:00Z",
    "disabled_at": None,
    "disabled_because": None,
    "previous_secret_until": None,
}
NEW_WEBHOOK: JsonDict = {**WEBHOOK, "secret": SECRET}
DELIVERY: JsonDict = {
    "id": 12,
    "message_id": "msg_5f0c2a9be1d34c77a1b2c3d4",
    "event": "segment.changed",
    "run_id": "5f0c2a9be1d34c77",
    "happened_at": "2026-03-02T02:00:41Z",
    "people": 312,
    "batch": 1,
    "batches": 1,
    "state": "delivered",
    "due_at": "2026-03-02T02:00:41Z",
    "attempts": 1,
    "tried_at": "2026-03-02T02:00:42Z",
    "status_code": 204,
    "problem": None,
}
