"""Receivers as they are: well, broken, slow, gone, untrusted, and names that say two things."""

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from httpcore2 import NetworkError

from backend.clients import webhook_sender
from backend.clients.webhook_sender import WebhookSender
from backend.core.glossary import DeliveryProblem
from backend.webhooks.attempts import Outcome
from backend.webhooks.public_internet import is_public
from tests.receiver import Receiver, receiving
from tests.services import free_port, need

HEADERS = {"webhook-id": "msg_1", "Content-Type": "application/json"}
BODY = b'{"type": "webhook.test"}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def sender() -> WebhookSender:
    return WebhookSender(allow_private=True)


async def test_a_body_arrives_as_it_is(receiver: Receiver, sender: WebhookSender) -> None:
    assert await sender.send(receiver.url, HEADERS, BODY) == Outcome(status_code=204)
    (call,) = receiver.calls
    assert (call.path, call.body, call.id) == ("/hooks", BODY, "msg_1")


async def test_a_path_in_any_script_arrives(receiver: Receiver, sender: WebhookSender) -> None:
    assert await sender.send(f"{receiver.url}/ä?ß", HEADERS, BODY) == Outcome(status_code=204)
    assert [one.path for one in receiver.calls] == ["/hooks/%C3%A4?%C3%9F"]


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Outcome(status_code=200)),
        (
            500,
            {"Retry-After": "90"},
            Outcome(status_code=500, problem=DeliveryProblem.REFUSED, asked=timedelta(seconds=90)),
        ),
        (
            503,
            {"Retry-After": "Fri, 31 Dec 2049 23:59:59 GMT"},
            Outcome(status_code=503, problem=DeliveryProblem.REFUSED),
        ),
        (410, {}, Outcome(status_code=410, problem=DeliveryProblem.GONE)),
    ],
)
async def test_what_is_answered_is_what_came_of_it(
    receiver: Receiver,
    sender: WebhookSender,
    status: int,
    headers: dict[str, str],
    outcome: Outcome,
) -> None:
    receiver.answer = lambda _: (status, headers)
    assert await sender.send(receiver.url, HEADERS, BODY) == outcome


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_never_followed(
    receiver: Receiver, sender: WebhookSender, status: int
) -> None:
    with receiving() as elsewhere:
        receiver.answer = lambda _: (status, {"Location": elsewhere.url})
        outcome = await sender.send(receiver.url, HEADERS, BODY)
        assert outcome == Outcome(status_code=status, problem=DeliveryProblem.REDIRECT)
        assert elsewhere.calls == []


async def test_who_does_not_answer_in_time_is_too_slow(
    receiver: Receiver, sender: WebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    receiver.answer = lambda _: ((over.wait() and 204) or 204, {})
    monkeypatch.setattr(webhook_sender, "ANSWER_SECONDS", 0.5)
    outcome = await sender.send(receiver.url, HEADERS, BODY)
    over.set()
    assert outcome == Outcome(problem=DeliveryProblem.TOO_SLOW)


async def test_an_answer_without_end_is_not_read(
    sender: WebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head that never ends is too slow, a body that never ends is none of ours."""
    monkeypatch.setattr(webhook_sender, "ANSWER_SECONDS", 2.0)
    endless_body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with raw(endless_body, b"5\r\nhello\r\n") as url:
        assert await sender.send(url, HEADERS, BODY) == Outcome(status_code=200)
    async with raw(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 4000 + b"\r\n") as url:
        outcome = await sender.send(url, HEADERS, BODY)
    assert outcome.problem in {DeliveryProblem.NO_HTTP, DeliveryProblem.TOO_SLOW}
    async with raw(b"SSH-2.0-OpenSSH\r\n", b"") as url:
        assert await sender.send(url, HEADERS, BODY) == Outcome(problem=DeliveryProblem.NO_HTTP)
    async with raw(b"", b"") as url:  # it closes without a word
        outcome = await sender.send(url, HEADERS, BODY)
    assert outcome.problem in {DeliveryProblem.NO_HTTP, DeliveryProblem.UNREACHABLE}


class raw:  # noqa: N801, used as a context
    """A server that says bytes, and then others again and again."""

    def __init__(self, first: bytes, again: bytes) -> None:
        self._first, self._again = first, again

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(BODY)
            writer.write(self._first)
            for _ in range(2000 if self._again else 0):
                writer.write(self._again)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


async def test_who_is_not_there_is_unreachable(sender: WebhookSender) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    assert await sender.send(url, HEADERS, BODY) == Outcome(problem=DeliveryProblem.UNREACHABLE)


async def test_a_name_of_nobody_is_unknown(sender: WebhookSender) -> None:
    outcome = await sender.send("http://nobody.invalid/", HEADERS, BODY)
    assert outcome == Outcome(problem=DeliveryProblem.UNKNOWN_HOST)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority of our own, and a certificate of this machine that it vouches for."""
    need("openssl", ["openssl"])
    folder = tmp_path_factory.mktemp("certificates")
    for arguments in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Ours "
        "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
    ):
        subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signed = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out"
    subprocess.run(
        ["openssl", *signed.split(), "server.pem", "-extfile", "names"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


@contextmanager
def with_tls(certificates: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with receiving(context) as receiver:
        yield receiver


async def test_a_certificate_is_trusted_or_nothing_is_sent(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_tls(certificates) as receiver:
        untrusting = WebhookSender(allow_private=True)
        refused = Outcome(problem=DeliveryProblem.CERTIFICATE)
        assert await untrusting.send(receiver.url, HEADERS, BODY) == refused
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
        trusting = WebhookSender(allow_private=True)
        assert await trusting.send(receiver.url, HEADERS, BODY) == Outcome(status_code=204)
        elsewhere = receiver.url.replace("127.0.0.1", "127.0.0.2")
        assert (await trusting.send(elsewhere, HEADERS, BODY)).problem is not None
        assert len(receiver.calls) == 1


async def test_plain_http_where_tls_is_spoken_is_no_delivery(sender: WebhookSender) -> None:
    with receiving() as receiver:
        url = receiver.url.replace("http://", "https://")
        outcome = await sender.send(url, HEADERS, BODY)
        assert outcome == Outcome(problem=DeliveryProblem.CERTIFICATE)
        assert receiver.calls == []


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_has_no_say(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    sender = WebhookSender(allow_private=True)
    assert await sender.send(receiver.url, HEADERS, BODY) == Outcome(status_code=204)


class SaysAnotherEachTime:
    """Names that are of a public address when they are looked up first, then of this machine."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def getaddrinfo(self, _host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        family = socket.AF_INET6 if ":" in answer else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (answer, port))]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"])
async def test_this_machine_is_never_connected_to(host: str) -> None:
    with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", host)
        outcome = await WebhookSender(allow_private=False).send(url, HEADERS, BODY)
        refused = {DeliveryProblem.PRIVATE_ADDRESS, DeliveryProblem.UNKNOWN_HOST}
        assert outcome.problem in refused
        assert receiver.calls == []


async def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is looked at and private a moment later gains nothing."""
    names = SaysAnotherEachTime("203.0.113.7", "127.0.0.1")
    connected: list[str] = []

    async def connect(_self: object, host: str, *_: Any, **__: Any) -> Any:
        connected.append(host)
        raise NetworkError

    monkeypatch.setattr("backend.clients.public_addresses.is_public", lambda one: "203" in str(one))
    monkeypatch.setattr("httpcore2.AnyIOBackend.connect_tcp", connect)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names.getaddrinfo)
    url = receiver.url.replace("127.0.0.1", "rebinding.example.com")
    await WebhookSender(allow_private=False).send(url, HEADERS, BODY)
    assert connected == ["203.0.113.7"]
    assert names.asked == 1
    await WebhookSender(allow_private=False).send(url, HEADERS, BODY)
    assert connected == ["203.0.113.7"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("::ffff:93.184.216.34", True),
        *(
            (one, False)
            for one in (
                "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
                "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1",
                "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
                "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
                "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
                "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1", "fec0::1", "3fff::1",
            )
        ),
    ],
)  # fmt: skip
def test_an_address_that_stands_for_a_private_one_is_private(address: str, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected
