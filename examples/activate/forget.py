"""Delete at mailing tools whom the shop has no longer, or who was erased; drt cannot.

`python -m examples.activate.forget klaviyo hubspot crm`, or those of them that are in use, with
DATABASE_URL and the keys that drt copies with. Ends with 1 where somebody could not be deleted;
the next call tries again.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from urllib.parse import quote

import httpx
import psycopg2.extensions
from tenacity import (
    RetryCallState,
    retry,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

log = logging.getLogger("forget")
KLAVIYO_REVISION = "2026-10-15"
PASSING = {429, 500, 502, 503, 504}
WORSE = wait_exponential(max=60)

TO_FORGET = "SELECT customer_id FROM activate.customers_to_forget(%s)"
FORGOTTEN = """
    DELETE FROM activate._drt_audit_log
    WHERE sync_name = %s AND logged_fields_json ->> 'customer_id' = %s
"""


def forget_in_klaviyo(client: httpx.Client, customer_id: str) -> None:
    """Find the profile by its external_id, as deletion does not know it, and ask for deletion."""
    base = setting("DRT_VAR_KLAVIYO_URL", "https://a.klaviyo.com")
    headers = {
        "Authorization": setting("KLAVIYO_AUTHORIZATION"),
        "revision": KLAVIYO_REVISION,
        "Accept": "application/vnd.api+json",
        "Content-Type": "application/vnd.api+json",
    }
    sought = {"filter": f'equals(external_id,"{escaped(customer_id)}")', "fields[profile]": "id"}
    found = asked(client, "GET", f"{base}/api/profiles", headers=headers, params=sought)
    for profile in found.json()["data"]:
        named = {"data": {"type": "profile", "id": profile["id"]}}
        job = {"type": "data-privacy-deletion-job", "attributes": {"profile": named}}
        url = f"{base}/api/data-privacy-deletion-jobs"
        asked(client, "POST", url, headers=headers, json={"data": job})


def forget_in_hubspot(client: httpx.Client, customer_id: str) -> None:
    """Delete for good, by the shop's id."""
    base = setting("DRT_VAR_HUBSPOT_URL", "https://api.hubapi.com")
    whom = {"objectId": customer_id, "idProperty": "shop_customer_id"}
    headers = {"Authorization": f"Bearer {setting('HUBSPOT_TOKEN')}"}
    asked(client, "POST", f"{base}/crm/v3/objects/contacts/gdpr-delete", headers=headers, json=whom)


def forget_in_crm(client: httpx.Client, customer_id: str) -> None:
    """Delete at an endpoint of one's own."""
    base = setting("DRT_VAR_CRM_URL", "https://crm.example.com")
    headers = {"Authorization": f"Bearer {setting('CRM_TOKEN')}"}
    asked(client, "DELETE", f"{base}/customers/{quote(customer_id, safe='')}", headers=headers)


TOOLS: dict[str, Callable[[httpx.Client, str], None]] = {
    "klaviyo": forget_in_klaviyo,
    "hubspot": forget_in_hubspot,
    "crm": forget_in_crm,
}


def forget(tools: Iterable[str]) -> int:
    """Delete whoever was copied and is gone; return how many could not be."""
    failed = 0
    with (
        closing(psycopg2.connect(setting("DATABASE_URL"))) as connection,
        httpx.Client(timeout=30) as client,
    ):
        for tool in tools:
            for customer_id in to_forget(connection, tool):
                try:
                    TOOLS[tool](client, customer_id)
                except httpx.HTTPError as error:
                    failed += 1
                    log.warning("%s does not forget customer %s: %s", tool, customer_id, error)
                else:
                    strike_out(connection, tool, customer_id)
    return failed


def to_forget(connection: psycopg2.extensions.connection, tool: str) -> list[str]:
    """Return who was copied to a tool and is gone."""
    with connection, connection.cursor() as cursor:
        cursor.execute(TO_FORGET, (tool,))
        return [row[0] for row in cursor.fetchall()]


def strike_out(connection: psycopg2.extensions.connection, tool: str, customer_id: str) -> None:
    """Forget that somebody was copied, once the tool has: who is killed before asks it again."""
    with connection, connection.cursor() as cursor:
        cursor.execute(FORGOTTEN, (tool, customer_id))


def is_passing(error: BaseException) -> bool:
    """Whether asking again may help."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in PASSING
    return isinstance(error, httpx.TransportError)


def as_told(state: RetryCallState) -> float:
    """Wait as long as the tool says, or ever longer."""
    error = state.outcome.exception() if state.outcome else None
    told = (
        error.response.headers.get("Retry-After", "")
        if isinstance(error, httpx.HTTPStatusError)
        else ""
    )
    return max(float(told), 1.0) if told.isdecimal() else WORSE(state)


@retry(retry=retry_if_exception(is_passing), wait=as_told, stop=stop_after_attempt(5), reraise=True)
def asked(client: httpx.Client, method: str, url: str, **how: object) -> httpx.Response:
    """Send a request; who is not there any more is deleted as well."""
    answer = client.request(method, url, **how)  # type: ignore[arg-type]
    if answer.status_code != httpx.codes.NOT_FOUND:
        answer.raise_for_status()
    return answer


def escaped(text: str) -> str:
    """Return a text as it stands between quotes in Klaviyo's filters."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def setting(name: str, default: str | None = None) -> str:
    """Return an environment variable; without it and a default, end with a sentence."""
    value = os.environ.get(name) or default
    if value is None:
        raise SystemExit(f"{name} is not set; docs/activate.md says what it holds")
    return value


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    sys.exit(1 if forget(sys.argv[1:]) else 0)
