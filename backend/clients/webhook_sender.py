"""Sends webhooks: one POST, within bounds, to an address that was looked at.

Imported where something is delivered. Neither a proxy of the environment nor a redirect has a say
in where a body goes, and of the answer nothing but its status and Retry-After is read.
"""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta

from httpcore2 import AsyncConnectionPool, NetworkError, ProtocolError, Response, TimeoutException

from backend.clients.public_addresses import CheckedConnections, PrivateAddress, UnknownHost
from backend.core.glossary import DeliveryProblem
from backend.webhooks.attempts import Outcome
from backend.webhooks.usable_url import as_sent

ANSWER_SECONDS = 15.0
CONNECT_SECONDS = 5.0
SUCCESS, REDIRECTS, GONE = range(200, 300), range(300, 400), 410


class WebhookSender:
    """Sends to any receiver.

    Parameters
    ----------
    allow_private
        Whether addresses of other networks than the public internet may be sent to.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._network = CheckedConnections(allow_private=allow_private)
        # The system's own authorities, or those of SSL_CERT_FILE.
        self._trusted = ssl.create_default_context()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send a body, and return what came of it; whatever goes wrong is an outcome."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._sent(url, headers, body)
        except (TimeoutError, TimeoutException):
            return Outcome(problem=DeliveryProblem.TOO_SLOW)
        except UnknownHost:
            return Outcome(problem=DeliveryProblem.UNKNOWN_HOST)
        except PrivateAddress:
            return Outcome(problem=DeliveryProblem.PRIVATE_ADDRESS)
        except (NetworkError, OSError) as error:
            return Outcome(problem=_of_network(error))
        except ProtocolError:
            return Outcome(problem=DeliveryProblem.NO_HTTP)

    async def _sent(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        timeout = {"connect": CONNECT_SECONDS, "read": ANSWER_SECONDS, "write": ANSWER_SECONDS}
        async with (
            AsyncConnectionPool(
                ssl_context=self._trusted,
                network_backend=self._network,
                max_keepalive_connections=0,
            ) as pool,
            pool.stream(
                "POST",
                as_sent(url),
                headers=[*headers.items()],
                content=body,
                extensions={"timeout": timeout},
            ) as answer,
        ):
            return _outcome(answer)


def _outcome(answer: Response) -> Outcome:
    status, asked = answer.status, _asked(answer)
    if status in SUCCESS:
        return Outcome(status_code=status)
    problem = DeliveryProblem.REDIRECT if status in REDIRECTS else DeliveryProblem.REFUSED
    if status == GONE:
        problem = DeliveryProblem.GONE
    return Outcome(status_code=status, problem=problem, asked=asked)


def _asked(answer: Response) -> timedelta | None:
    """Read Retry-After where it is in seconds; a date asks for nothing."""
    told = {name.lower(): value for name, value in answer.headers}.get(b"retry-after", b"")
    return timedelta(seconds=int(told)) if told.isdigit() and len(told) < 9 else None


def _of_network(error: Exception) -> DeliveryProblem:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return DeliveryProblem.CERTIFICATE
        cause = cause.__cause__ or cause.__context__
    return DeliveryProblem.UNREACHABLE
