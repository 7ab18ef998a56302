"""Paths of our own that a browser may be sent to, and no others."""

import re
from urllib.parse import urlsplit

from fastapi import Request

from backend.web.entrance import APP

# What is printable ASCII and begins with /app; a browser takes \ for /.
OWN = re.compile(rf"{APP}(?:[/?][!-\[\]-~]*)?")


def own_path(text: str | None) -> str:
    """Return the path if it is one of a page, else that of the first."""
    return text if text is not None and OWN.fullmatch(text) else APP


def path_of(request: Request) -> str:
    """Return where a browser is, as its address bar has it; of a part of a page, its page."""
    if is_part(request):
        address = urlsplit(request.headers.get("HX-Current-URL", ""))
        path = address.path.removeprefix(root_of(request))
        return own_path(f"{path}?{address.query}" if address.query else path)
    path = request.url.path.removeprefix(root_of(request))
    # A form is sent to the page that it stands on.
    return own_path(f"{path}?{request.url.query}" if request.url.query else path)


def root_of(request: Request) -> str:
    """Return what stands ahead of all paths, where a proxy serves us below one."""
    return str(request.scope.get("root_path", ""))


def is_part(request: Request) -> bool:
    """Tell whether a script of the page asks for a part of it."""
    return request.headers.get("HX-Request") == "true"
