"""A real mail server in a thread of its own, whose answers tests choose."""

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.services import free_port

USER, PASSWORD = "intelligence", "hunter2/?#"
OK = "250 OK"
HANGS, DROPS = "hangs", "drops"


@dataclass
class MailServer:
    """What it was given, and what it says to each command instead of taking it.

    Attributes
    ----------
    replies
        By command, MAIL, RCPT or DATA, or by recipient; `HANGS` says nothing for ever, `DROPS` ends
        the connection without a word.
    """

    port: int = field(default_factory=free_port)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    replies: Mapping[str, str] = field(default_factory=dict)

    async def handle_MAIL(  # noqa: N802, aiosmtpd calls it so
        self, server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        reply = await self._reply(server, "MAIL")
        envelope.mail_from = address
        return reply

    async def handle_RCPT(  # noqa: N802
        self, server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        reply = self.replies.get(address) or await self._reply(server, "RCPT")
        if reply == OK:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        reply = await self._reply(server, "DATA")
        if reply == OK:
            parsed = message_from_bytes(envelope.content, policy=default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.recipients.append(list(envelope.rcpt_tos))
        return reply

    async def _reply(self, server: Any, to: str) -> str:
        reply = self.replies.get(to, OK)
        if reply == HANGS:
            await asyncio.Event().wait()
        if reply == DROPS:
            server.transport.abort()
        return reply


def _knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=said == known, handled=False)


@contextmanager
def mail_server(
    *,
    replies: Mapping[str, str] | None = None,
    certificate: tuple[Path, Path] | None = None,
    starttls: bool = False,
    login: bool = False,
) -> Iterator[MailServer]:
    """Run one; with a certificate it speaks TLS, at once or once STARTTLS asks for it."""
    server = MailServer(replies=replies or {})
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        options = {"tls_context": context, "require_starttls": True} if starttls else {}
        options |= {} if starttls else {"ssl_context": context}
    if login:
        options |= {"authenticator": _knows, "auth_required": True}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop(no_assert=True)
