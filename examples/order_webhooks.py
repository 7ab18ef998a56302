"""Take a platform's webhooks about orders, pull what changed, and hand them on to the service.

`python -m examples.order_webhooks shopify` (or `woocommerce`), with the variables of its pull, with
SHOPIFY_WEBHOOK_SECRET or WOOCOMMERCE_WEBHOOK_SECRET as the service has it, and where that is:
INTELLIGENCE_URL. It listens on WEBHOOKS_PORT, 8080 unless said, behind whatever speaks TLS.

The platform is answered what the service answers: what fails is sent again by the platform.
"""

import hmac
import logging
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

import requests

from examples.pulling import setting

MOST_BYTES = 1_000_000
PULL_SECONDS, ANSWER_SECONDS = 120.0, 10.0
EVENTS = "/api/admin/events/orders"
SIGNED_IN = {"shopify": "X-Shopify-Hmac-Sha256", "woocommerce": "X-WC-Webhook-Signature"}
HANDED_ON = ("x-shopify-", "x-wc-webhook-", "content-type")

log = logging.getLogger("webhooks")


@dataclass(slots=True)
class Pulls:
    """Pulls what changed; one pull is enough for all events that came before it began."""

    platform: str
    _one: Lock = field(default_factory=Lock)
    _begun: float = 0.0

    def fetch(self) -> None:
        """Return once a pull has ended that began after now."""
        came = time.monotonic()
        with self._one:
            if self._begun <= came:
                begun = time.monotonic()
                command = (sys.executable, "-m", f"examples.{self.platform}_pull")
                subprocess.run(command, check=True, timeout=PULL_SECONDS)  # noqa: S603, one of ours
                self._begun = begun


@dataclass(frozen=True, slots=True)
class Bridge:
    """Between a platform and the service."""

    platform: str
    secret: str
    service: str
    pulls: Pulls

    def is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether the platform has signed a body: nobody else makes us pull."""
        right = b64encode(hmac.digest(self.secret.encode(), body, "sha256")).decode()
        return hmac.compare_digest(right, headers.get(SIGNED_IN[self.platform], ""))

    def handed_on(self, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Fetch the order, and tell the service of it in the platform's words and signature."""
        self.pulls.fetch()
        kept = {name: text for name, text in headers.items() if name.lower().startswith(HANDED_ON)}
        url = f"{self.service}{EVENTS}"
        return requests.post(url, data=body, headers=kept, timeout=ANSWER_SECONDS)


class Receiver(BaseHTTPRequestHandler):
    """Answers the platform."""

    bridge: Bridge

    def do_POST(self) -> None:
        """Take one event."""
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(min(size, MOST_BYTES))
        headers = dict(self.headers.items())
        if size > MOST_BYTES or not self.bridge.is_signed(body, headers):
            self._answer(413 if size > MOST_BYTES else 401, b"")
            return
        try:
            told = self.bridge.handed_on(body, headers)
        except (requests.RequestException, subprocess.SubprocessError) as error:
            log.warning("not handed on: %s", error)
            self._answer(503, b"")
            return
        self._answer(told.status_code, told.content)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(platform: str) -> None:
    """Listen until somebody ends it."""
    secret = setting(f"{platform.upper()}_WEBHOOK_SECRET")
    service = setting("INTELLIGENCE_URL", "http://127.0.0.1:8000")
    Receiver.bridge = Bridge(platform, secret, service, Pulls(platform))
    server = ThreadingHTTPServer(("", int(setting("WEBHOOKS_PORT", "8080"))), Receiver)
    server.serve_forever()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    if len(sys.argv) != 2 or sys.argv[1] not in SIGNED_IN:
        sys.exit(f"Which platform? One of {', '.join(SIGNED_IN)}.")
    main(sys.argv[1])
