"""Hands one mail to a mail server; whatever becomes of that is a value, not an error.

Each step is known by itself, so that what the server may have accepted is told from what it has
not: only that is tried again.
"""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from backend.clients.smtp_server import SmtpServer
from backend.core.glossary import Undelivered
from backend.core.late import late

LAST_WORD_SECONDS = 1.0
# Subjects stay on their line: a fold before the first word is a blank to some readers.
AS_SENT = SMTP.clone(max_line_length=250)
# Replies of this hundred say that a later try may succeed.
FOR_NOW = 4
# No second try would end otherwise; what may have been accepted is not sent again.
FINAL = frozenset({Undelivered.CERTIFICATE, Undelivered.NOT_PROTECTED, Undelivered.UNCLEAR})


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a mail.

    Attributes
    ----------
    why_not
        None where the server has taken it, for one recipient at least.
    reply
        The server's code, such as 550; None where it gave none.
    left_out
        Places, from 1, of recipients whom the server would not take it for.
    """

    why_not: Undelivered | None = None
    reply: int | None = None
    left_out: Sequence[int] = ()

    @property
    def may_be_tried_again(self) -> bool:
        """Whether it was not accepted, and a later try may be."""
        if self.why_not is None or self.why_not in FINAL:
            return False
        return self.reply is None or self.reply // 100 == FOR_NOW


@dataclass(frozen=True, slots=True)
class Mailer:
    """Hands mail to one server.

    Attributes
    ----------
    server
        Where it is.
    step_seconds, whole_seconds
        How long it may take to answer each time, and all together.
    """

    server: SmtpServer
    step_seconds: float = 10.0
    whole_seconds: float = 30.0

    async def hand_over(
        self, message: EmailMessage, sender: str, recipients: Sequence[str]
    ) -> Handed:
        """Hand it over within a bounded time; what goes wrong is told by what is returned.

        Parameters
        ----------
        message
            Headers and all.
        sender, recipients
            Of the envelope: bare addresses.
        """
        talk = _Talk(self.server, self.step_seconds)
        try:
            async with asyncio.timeout(self.whole_seconds):
                await talk.begin()
                return await talk.hand_over(message.as_bytes(policy=AS_SENT), sender, recipients)
        except (OSError, ValueError, late("aiosmtplib").SMTPException) as error:
            return talk.ended_by(error)
        finally:
            talk.close()


class _Talk:
    """One talk with a server; `_step` is what a failure means where the talk is now."""

    def __init__(self, server: SmtpServer, step_seconds: float) -> None:
        self._server = server
        self._step = Undelivered.UNREACHABLE
        self._client: Any = late("aiosmtplib").SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.protection == "tls",
            start_tls=False,  # asked for by itself below, so that a server without is told apart
            timeout=step_seconds,
        )

    async def begin(self) -> None:
        """Connect, protect the connection, and say who we are."""
        await self._client.connect()
        if self._server.protection == "starttls":
            self._step = Undelivered.NOT_PROTECTED
            await self._client.starttls()
        if self._server.user is not None:
            self._step = Undelivered.LOGIN
            await self._client.login(self._server.user, self._server.password)

    async def hand_over(self, message: bytes, sender: str, recipients: Sequence[str]) -> Handed:
        """Name sender and recipients, and hand the mail over for those who are not refused."""
        self._step = Undelivered.REFUSED
        await self._client.mail(sender)
        replies = [await self._refusal(one) for one in recipients]
        if all(replies):
            return Handed(Undelivered.REFUSED, min(one for one in replies if one))
        self._step = Undelivered.UNCLEAR
        await self._client.data(message)
        with suppress(Exception):  # it has the mail: how it says goodbye changes nothing
            await asyncio.wait_for(self._client.quit(), LAST_WORD_SECONDS)
        return Handed(left_out=tuple(place for place, reply in enumerate(replies, 1) if reply))

    async def _refusal(self, recipient: str) -> int | None:
        """Return the code with which the server refuses a recipient; None where it does not."""
        try:
            await self._client.rcpt(recipient)
        except late("aiosmtplib").SMTPRecipientRefused as error:
            return int(error.code)
        return None

    def ended_by(self, error: Exception) -> Handed:
        """Say what an error means: a reply is clear, silence after the mail was sent is not."""
        reply: int | None = getattr(error, "code", None)
        if reply is not None and self._step is Undelivered.UNCLEAR:
            return Handed(Undelivered.REFUSED, reply)
        if any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(error)):
            return Handed(Undelivered.CERTIFICATE)
        if self._step is Undelivered.REFUSED and reply is None:
            return Handed(Undelivered.UNREACHABLE)
        return Handed(self._step, reply)

    def close(self) -> None:
        """Let go of the connection, whatever is under way on it."""
        self._client.close()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error, and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
