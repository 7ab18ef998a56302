"""An encrypted line to a database, as its certificate and the options of its URL allow."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseRefuses
from backend.database.engine import opened, ping, transaction
from tests import services
from tests.conftest import execute, start_or_skip, wait_for
from tests.services import Server

pytestmark = pytest.mark.external
IS_ENCRYPTED = {
    "postgresql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    "mysql": "SELECT variable_value <> '' FROM information_schema.session_status "
    "WHERE variable_name = 'Ssl_cipher'",
}


@dataclass(frozen=True, slots=True)
class Encrypting:
    """A server with a certificate that is for 127.0.0.1, and who issued it."""

    url: str
    authority: Path
    stranger: Path


def issued(folder: Path) -> tuple[Path, Path]:
    """Make a certificate that is its own authority, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    folder.mkdir(parents=True)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=database.example.org", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def readable(files: tuple[Path, Path], user: str | None) -> tuple[Path, Path]:
    """Give files to who runs a server: keys that others may read are refused."""
    for file in files:
        file.chmod(0o600)
        if user is not None:
            shutil.chown(file, user)
    for folder in files[0].parents[:3]:
        folder.chmod(0o755)
    return files


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Give a folder that servers may look into: those of pytest are its user's alone."""
    with tempfile.TemporaryDirectory(prefix="ib-") as name:
        yield Path(name)


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def encrypting(request: pytest.FixtureRequest, folder: Path) -> Iterator[Encrypting]:
    """Run a server of each kind that encrypts and takes plain lines too."""
    stranger, _ = issued(folder / request.param / "stranger")
    certificate, key = issued(folder / request.param / "server")
    authority = folder / f"{request.param}.pem"
    shutil.copy(certificate, authority)
    start = encrypting_postgresql if request.param == "postgresql" else encrypting_mysql
    with ExitStack() as stack:
        server = start(stack, certificate, key)
        yield Encrypting(server.url, authority, stranger)


def encrypting_postgresql(stack: ExitStack, certificate: Path, key: Path) -> Server:
    server = start_or_skip(stack, "PostgreSQL", services.own_postgresql)
    readable((certificate, key), server.user)
    settings = {"ssl_cert_file": certificate, "ssl_key_file": key, "ssl": "on"}
    changes = [f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()]
    wait_for(execute(server.url, *changes, "SELECT pg_reload_conf()"))
    return server


def encrypting_mysql(stack: ExitStack, certificate: Path, key: Path) -> Server:
    readable((certificate, key), services.runs_as("mysql"))
    options = (f"--ssl-ca={certificate}", f"--ssl-cert={certificate}", f"--ssl-key={key}")
    return start_or_skip(stack, "MariaDB", lambda: services.own_mysql(*options))


def modes(server: Encrypting) -> tuple[str, ...]:
    """Return URLs that ask for no encryption, any, an authority, a name; and the option for it."""
    if server.url.startswith("postgresql"):
        option, words, file = "sslmode", "disable require verify-ca verify-full", "sslrootcert"
    else:
        option, words, file = "ssl-mode", "DISABLED REQUIRED VERIFY_CA VERIFY_IDENTITY", "ssl-ca"
    return (*(f"{server.url}?{option}={word}" for word in words.split()), file)


async def is_encrypted(url: str) -> bool:
    async with opened(url) as engine, transaction(engine) as connection:
        return bool(await connection.scalar(text(IS_ENCRYPTED[engine.url.get_backend_name()])))


async def refused(url: str) -> str:
    async with opened(url) as engine:
        with pytest.raises(DatabaseRefuses) as caught:
            await ping(engine)
    return caught.value.kind


async def test_a_line_is_encrypted_as_far_as_it_is_asked(encrypting: Encrypting) -> None:
    plain, required, authority, name, file = modes(encrypting)
    assert not await is_encrypted(plain)
    assert await is_encrypted(required)
    for asked in (authority, name):
        assert await is_encrypted(f"{asked}&{file}={encrypting.authority}")


async def test_a_certificate_that_nobody_trusts_is_refused_where_that_is_asked(
    encrypting: Encrypting,
) -> None:
    _, _, authority, name, file = modes(encrypting)
    for asked in (authority, name):
        assert await refused(f"{asked}&{file}={encrypting.stranger}") == "certificate"


async def test_a_certificate_of_another_name_is_refused_where_that_is_asked(
    encrypting: Encrypting,
) -> None:
    _, _, authority, name, file = modes(encrypting)
    elsewhere = (one.replace("127.0.0.1", "localhost") for one in (authority, name))
    authority, name = (f"{one}&{file}={encrypting.authority}" for one in elsewhere)
    assert await is_encrypted(authority)
    assert await refused(name) == "certificate"


async def test_a_user_who_must_encrypt_is_told_how(encrypting: Encrypting) -> None:
    plain, required, *_ = modes(encrypting)
    if plain.startswith("postgresql"):
        await only_encrypted(required)
        assert await refused(plain) == "encryption"
        assert await is_encrypted(required)
        return
    await execute(required, "CREATE USER careful@'127.0.0.1' REQUIRE SSL")
    plain, required = (one.replace("root@", "careful@") for one in (plain, required))
    plain, required = (one.replace("/mysql?", "?") for one in (plain, required))
    async with opened(plain) as engine:
        with pytest.raises(DatabaseRefuses, match="ssl-mode=REQUIRED"):
            await ping(engine)
    async with opened(required) as engine:
        await ping(engine)


async def only_encrypted(url: str) -> None:
    """Let a PostgreSQL take encrypted lines alone, as providers do."""
    async with opened(url) as engine, transaction(engine) as connection:
        rules = str(await connection.scalar(text("SHOW hba_file")))
        await asyncio.to_thread(Path(rules).write_text, "hostssl all all 127.0.0.1/32 trust\n")
        await connection.execute(text("SELECT pg_reload_conf()"))


@pytest.mark.parametrize("kind", ["mysql_url", "postgres_url"])
async def test_a_server_that_cannot_encrypt_is_not_spoken_to_in_plain(
    kind: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(kind)
    mode = "sslmode=require" if kind == "postgres_url" else "ssl-mode=REQUIRED"
    assert await refused(f"{url}?{mode}") == "encryption"
