"""What browsers are told about every answer, and the one policy of pages."""

import base64
import hashlib
import re
from collections.abc import Iterable

from fastapi.responses import HTMLResponse
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from starlette.types import Scope

POLICY = "Content-Security-Policy"
_RAW_POLICY = POLICY.lower().encode()
NOTHING, OURS = "'none'", "'self'"
_INLINE = re.compile(r"<(style|script)(?![^>]*\ssrc=)[^>]*>(.*?)</\1>", re.DOTALL)

RawHeaders = list[tuple[bytes, bytes]]


def _raw(secure: Secure) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in secure.headers.items()]


ALWAYS = _raw(
    Secure(
        corp=CrossOriginResourcePolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    )
)
# Data is no page: nothing in it may be run, loaded or framed.
OF_DATA = _raw(Secure(csp=ContentSecurityPolicy().default_src(NOTHING).frame_ancestors(NOTHING)))
# What only means something for what a browser shows; each header costs an answer a hundredth.
OF_PAGES = _raw(
    Secure(
        coop=CrossOriginOpenerPolicy().same_origin(),
        permissions=PermissionsPolicy().geolocation().microphone().camera(),
        referrer=ReferrerPolicy().no_referrer(),
    )
)
OVER_TLS = _raw(Secure(hsts=StrictTransportSecurity().max_age(365 * 24 * 3600)))
# Without TLS, and with it.
WITH_DATA = [*ALWAYS, *OF_DATA], [*ALWAYS, *OF_DATA, *OVER_TLS]
WITH_PAGES = [*ALWAYS, *OF_PAGES], [*ALWAYS, *OF_PAGES, *OVER_TLS]


def security_headers(scope: Scope, own: RawHeaders) -> RawHeaders:
    """Return what browsers are to know of an answer; a page is what has a policy of its own."""
    added = WITH_PAGES if _RAW_POLICY in dict(own) else WITH_DATA
    return added[scope["scheme"] == "https"]


def page(html: str, *, trusted: str, style_nonce: str | None = None) -> HTMLResponse:
    """Answer a page whose own inline styles and scripts may work, and no others.

    Parameters
    ----------
    html
        The whole page.
    trusted
        The part of it that holds no data: what stands inline there is what the policy names.
    style_nonce
        What marks styles that the page's own scripts make.
    """
    inline = {"style": list[str](), "script": list[str]()}
    for kind, text in _INLINE.findall(trusted):
        inline[kind].append(text)
    nonces = [] if style_nonce is None else [f"'nonce-{style_nonce}'"]
    policy = (
        ContentSecurityPolicy()
        .default_src(NOTHING)
        .base_uri(NOTHING)
        .connect_src(OURS)
        .form_action(NOTHING)
        .frame_ancestors(NOTHING)
        .img_src(OURS, "data:")
        .script_src(OURS, *_hashes(inline["script"]))
        .style_src(OURS, *_hashes(inline["style"]), *nonces)
        .worker_src("blob:")
    )
    return HTMLResponse(html, headers={POLICY: policy.header_value})


def _hashes(texts: Iterable[str]) -> list[str]:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
