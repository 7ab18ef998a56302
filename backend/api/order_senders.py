"""Platforms whose webhooks tell of orders, and sign that with a secret that they share with us."""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

LONGEST_EVENT_ID = 255
SHOPIFY, WOOCOMMERCE = "shopify", "woocommerce"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSender:
    """A platform whose secret is known.

    Attributes
    ----------
    name
        What its events are kept under.
    secret
        Shared.
    signed_in, known_by
        The headers of the signature and of the delivery's id.
    """

    name: str
    secret: str = field(repr=False)
    signed_in: str
    known_by: str

    def has_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether a body's signature is right, in a time that tells nothing."""
        right = b64encode(hmac.digest(self.secret.encode(), body, "sha256"))
        return hmac.compare_digest(right, headers.get(self.signed_in, "").encode())

    def event_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Return a delivery's id; where none came that can be kept, the body stands for it."""
        sent = headers.get(self.known_by, "")
        is_kept = 0 < len(sent) <= LONGEST_EVENT_ID and sent.isascii() and sent.isprintable()
        return sent if is_kept else sha256(body).hexdigest()


def order_senders(shopify: str | None, woocommerce: str | None) -> Sequence[OrderSender]:
    """Return the platforms whose secrets are known."""
    of_shopify = OrderSender(
        name=SHOPIFY,
        secret=shopify or "",
        signed_in="X-Shopify-Hmac-Sha256",
        known_by="X-Shopify-Webhook-Id",
    )
    of_woocommerce = OrderSender(
        name=WOOCOMMERCE,
        secret=woocommerce or "",
        signed_in="X-WC-Webhook-Signature",
        known_by="X-WC-Webhook-Delivery-ID",
    )
    return [one for one in (of_shopify, of_woocommerce) if one.secret]


def sender_of(headers: Mapping[str, str], known: Sequence[OrderSender]) -> OrderSender | None:
    """Return whose signature a request has, right or wrong; None: it is to have a key."""
    return next((one for one in known if one.signed_in in headers), None)
