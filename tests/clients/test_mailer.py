"""What becomes of a mail, at a real server that takes it, refuses it, or falls silent."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from backend.clients.mailer import Handed, Mailer
from backend.clients.smtp_server import Protection, SmtpServer, smtp_server
from backend.core.errors import InvalidConfiguration
from backend.core.glossary import Undelivered
from tests.database.test_certificates import issued
from tests.mail_server import DROPS, HANGS, PASSWORD, USER, mail_server
from tests.services import free_port

SENDER, ADA, BOB = "intelligence@example.org", "ada@example.org", "bob@example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    return issued(tmp_path_factory.mktemp("certificates") / "server")


def mail() -> EmailMessage:
    written = EmailMessage()
    written["Subject"], written["From"], written["To"] = "Grüße", SENDER, f"{ADA}, {BOB}"
    written.set_content("Zwölf.\n.\nDone.\n")
    return written


def server_at(
    port: int, protection: Protection = "none", password: str | None = None
) -> SmtpServer:
    user = None if password is None else USER
    return SmtpServer(
        host="127.0.0.1", port=port, protection=protection, user=user, password=password
    )


async def handed(to: SmtpServer, step_seconds: float = 10, whole_seconds: float = 30) -> Handed:
    mailer = Mailer(to, step_seconds, whole_seconds)
    return await mailer.hand_over(mail(), SENDER, (ADA, BOB))


async def test_a_mail_arrives_as_it_was_written() -> None:
    with mail_server() as server:
        assert await handed(server_at(server.port)) == Handed()
    (received,) = server.mails
    assert received["Subject"] == "Grüße"
    assert received.get_content().splitlines() == ["Zwölf.", ".", "Done."]
    assert server.recipients == [[ADA, BOB]]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "again"), [("451 later", True), ("550 never", False)])
async def test_a_refusal_is_told_with_its_code_and_tried_again_where_it_may_pass(
    command: str, reply: str, again: bool
) -> None:
    with mail_server(replies={command: reply}) as server:
        became = await handed(server_at(server.port))
    assert became == Handed(Undelivered.REFUSED, int(reply[:3]))
    assert became.may_be_tried_again == again
    assert server.mails == []


async def test_who_is_not_refused_gets_it_and_who_is_is_told_by_place() -> None:
    with mail_server(replies={ADA: "550 no such user"}) as server:
        became = await handed(server_at(server.port))
    assert became == Handed(left_out=(1,))
    assert not became.may_be_tried_again
    assert server.recipients == [[BOB]]


async def test_where_all_are_refused_one_that_may_pass_is_tried_again() -> None:
    with mail_server(replies={ADA: "550 no such user", BOB: "452 full"}) as server:
        assert (await handed(server_at(server.port))).may_be_tried_again


async def test_nobody_there_is_unreachable_and_tried_again() -> None:
    became = await handed(server_at(free_port()))
    assert became == Handed(Undelivered.UNREACHABLE)
    assert became.may_be_tried_again


@pytest.mark.parametrize("how", [HANGS, DROPS])
@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("MAIL", Undelivered.UNREACHABLE),
        ("RCPT", Undelivered.UNREACHABLE),
        ("DATA", Undelivered.UNCLEAR),
    ],
)
async def test_silence_is_unclear_once_the_mail_was_sent_and_not_tried_again_then(
    command: str, how: str, why: Undelivered
) -> None:
    with mail_server(replies={command: how}) as server:
        became = await handed(server_at(server.port), step_seconds=0.3)
    assert became == Handed(why)
    assert became.may_be_tried_again == (why is Undelivered.UNREACHABLE)


async def test_a_server_that_is_slow_at_every_step_is_bounded_by_the_whole() -> None:
    with mail_server(replies={"MAIL": HANGS}) as server:
        became = await handed(server_at(server.port), step_seconds=600, whole_seconds=0.3)
    assert became == Handed(Undelivered.UNREACHABLE)


@pytest.mark.parametrize(("protection", "starttls"), [("tls", False), ("starttls", True)])
async def test_a_certificate_is_looked_at(
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    protection: Protection,
    starttls: bool,
) -> None:
    with mail_server(certificate=certificate, starttls=starttls) as server:
        to = server_at(server.port, protection)
        became = await handed(to)
        assert became == Handed(Undelivered.CERTIFICATE)
        assert not became.may_be_tried_again
        assert server.mails == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert await handed(to) == Handed()
    assert len(server.mails) == 1


async def test_without_starttls_nothing_is_said_where_it_is_asked_for() -> None:
    with mail_server() as server:
        became = await handed(server_at(server.port, "starttls", PASSWORD))
    assert became == Handed(Undelivered.NOT_PROTECTED)
    assert not became.may_be_tried_again
    assert server.mails == []


async def test_a_server_that_demands_starttls_refuses_a_plain_talk(
    certificate: tuple[Path, Path],
) -> None:
    with mail_server(certificate=certificate, starttls=True) as server:
        became = await handed(server_at(server.port))
    assert became == Handed(Undelivered.REFUSED, 530)


@pytest.mark.parametrize(
    ("password", "became"), [(PASSWORD, Handed()), ("wrong", Handed(Undelivered.LOGIN, 535))]
)
async def test_who_we_are_is_said_and_may_be_refused(
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    password: str,
    became: Handed,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with mail_server(certificate=certificate, starttls=True, login=True) as server:
        assert await handed(server_at(server.port, "starttls", password)) == became
    assert not became.may_be_tried_again


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, "none", None, None)),
        (
            "smtps://u:hunter2%2F%23@mail.example.org",
            ("mail.example.org", 465, "tls", "u", "hunter2/#"),
        ),
        (
            "smtp+starttls://u%40x.org:hunter2@[::1]:2525/",
            ("::1", 2525, "starttls", "u@x.org", "hunter2"),
        ),
        ("smtp://u:hunter2@127.0.0.1:1025", ("127.0.0.1", 1025, "none", "u", "hunter2")),
    ],
)
def test_the_address_of_a_server_is_read(url: str, meant: tuple[object, ...]) -> None:
    read = smtp_server(url)
    assert (read.host, read.port, read.protection, read.user, read.password) == meant
    assert "hunter2" not in repr(read)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hunter2", "does not begin with"),
        ("https://u:hunter2@mail.example.org", "does not begin with"),
        ("smtps://:hunter2", "names no host"),
        ("smtps://", "names no host"),
        ("smtps://u:hunter2@mail.example.org:0", "port that is none"),
        ("smtps://u:hunter2@mail.example.org:70000", "port that is none"),
        ("smtps://u:hunter2@mail.example.org/box", "goes on after the port"),
        ("smtps://u:hunter2@mail.example.org?tls=no", "goes on after the port"),
        ("smtps://u:hun#ter2@mail.example.org", "write / as %2F, ? as %3F, # as %23"),
        ("smtps://hunter2@mail.example.org", "a user without a password"),
        ("smtp://u:hunter2@mail.example.org", "in the clear"),
        ("smtps://u:hunter2\r\n@mail.example.org", "cannot be seen"),
        ("smtps://[::1", "is no URL"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_repeating_it(url: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        smtp_server(url)
    assert str(refused.value).startswith("SMTP_URL ")
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "hun#ter2" not in str(refused.value)
