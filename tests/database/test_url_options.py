"""URLs as providers print them: every option is sorted, and none is a surprise."""

import ssl
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.database.engine import (
    InvalidDatabaseUrl,
    create_engine,
    parse_url,
    refuse_unusable_urls,
    transaction,
)
from backend.database.mysql_options import mysql_options
from backend.database.postgresql_options import postgresql_options
from tests.live import command

POSTGRESQL = "postgresql://u:hunter2@h.example:6543/d"
MYSQL = "mysql://u:hunter2@h.example/d"
CREATED = [
    f"{POSTGRESQL}?sslmode=require&channel_binding=require",  # Neon
    f"{POSTGRESQL}?pgbouncer=true&connection_limit=1&pool_timeout=0",  # Supabase with Prisma
    f"{POSTGRESQL}?supa=base-pooler.x&sslmode=require",  # Vercel
    f"{POSTGRESQL}?options=project%3Dep-cool-1",
    f"{POSTGRESQL}?options=-c%20search_path%3Dshop&application_name=web",
    f"{POSTGRESQL}?connect_timeout=10&keepalives=1&keepalives_idle=30&tcp_user_timeout=3",
    f"{POSTGRESQL}?statement_cache_size=0",
    f"{POSTGRESQL}?prepared_statement_cache_size=0&command_timeout=60",
    f"{POSTGRESQL}?prepareThreshold=0&ApplicationName=x&currentSchema=shop",  # Java
    f"{POSTGRESQL}?schema=public",  # Prisma
    f"{POSTGRESQL}?serverVersion=16&charset=utf8",  # Doctrine
    f"{POSTGRESQL}?ssl=true",
    f"{POSTGRESQL}?sslmode=no-verify&uselibpqcompat=true",  # node-postgres
    f"{POSTGRESQL}?sslmode=verify-full&sslrootcert=system",
    "postgres://u@h.example/d",  # no password
    "postgres://u:p%40ss%2Fw%23rd@h.example/d",
    "postgresql://u:p@[::1]:5433/d",
    "postgresql:///d?host=/cloudsql/project:region:shop&user=u&password=p",
    "postgresql://u:p@%2Fcloudsql%2Fproject%3Aregion%3Ashop/d",
    "postgresql://u:p@a.example:5432,b.example:5433/d?target_session_attrs=read-write",
    "postgresql://u:p@a.example,b.example/d?target_session_attrs=any",
    "postgresql://u%40server:p@server.postgres.example/d?sslmode=require",  # Azure
    f"{MYSQL}?reconnect=true",  # ClearDB
    f"{MYSQL}?sslaccept=strict",  # PlanetScale with Prisma
    f'{MYSQL}?ssl={{"rejectUnauthorized":true}}',  # PlanetScale
    f"{MYSQL}?ssl-mode=REQUIRED",  # DigitalOcean
    f"{MYSQL}?charset=utf8&useSSL=false&serverTimezone=UTC&allowPublicKeyRetrieval=true",
    f"{MYSQL}?tls=skip-verify&parseTime=true&loc=Local",  # Go
    f"{MYSQL}?connectTimeout=10000&socketTimeout=3",
    "mysql://u:p@/d?unix_socket=/cloudsql/project:region:shop",
    "mariadb://u@[::1]:3307/d",
]


@pytest.mark.parametrize("url", CREATED)
def test_what_providers_print_is_understood(url: str) -> None:
    refuse_unusable_urls({"DATABASE_URL": url})


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"{POSTGRESQL}?sslmodus=require", "has the option sslmodus, which is not known"),
        # What does not look like a name may be the rest of a password.
        (f"{POSTGRESQL}?ter2%21=1", "has the option …, which is not known"),
        (f"{POSTGRESQL}?sslmode=secret", "has the option sslmode, which must be one of"),
        (f"{POSTGRESQL}?target_session_attrs=secret", "has the option target_session_attrs"),
        (f"{POSTGRESQL}?connect_timeout=secret", "has the option connect_timeout"),
        (f"{MYSQL}?reconect=true", "has the option reconect, which is not known"),
        (f"{MYSQL}?ssl_ca=/no/such/secret", "names a certificate that cannot be read"),
        (f"{MYSQL}?connect_timeout=secret", "has the option connect_timeout"),
        ("postgresql://u:hunter2@h.example:secret/d", "cannot be read"),
        ("postgresql://u:hunter2@h.example:1,i.example:secret/d", "has the option port"),
    ],
)
def test_what_nobody_knows_is_refused_by_name(url: str, problem: str) -> None:
    with pytest.raises(InvalidDatabaseUrl, match=f"^DATABASE_URL {problem}") as caught:
        refuse_unusable_urls({"DATABASE_URL": url})
    assert "hunter2" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_each_option_of_postgresql_goes_where_it_belongs() -> None:
    asked = postgresql_options(
        parse_url(
            f"{POSTGRESQL}?sslmode=REQUIRE&channel_binding=require&application_name=web"
            "&connect_timeout=3&options=-c%20jit%3Doff&pgbouncer=true&schema=shop"
        )
    )
    assert asked.dsn == f"{POSTGRESQL}?sslmode=require"
    assert asked.server == {
        "application_name": "web",
        "options": "-c jit=off",
        "search_path": "shop",
    }
    assert asked.connect_seconds == 3
    assert asked.is_pooled


def test_several_hosts_keep_their_ports() -> None:
    several = parse_url("postgresql://u:p%40@a.example:1,[::1]:2,c.example/d?sslmode=disable")
    assert several.query == {
        "sslmode": "disable",
        "host": "a.example,[::1],c.example",
        "port": "1,2,5432",
    }
    assert (several.username, several.password, several.database) == ("u", "p@", "d")


@pytest.mark.parametrize(
    ("options", "checks_name", "checks_authority"),
    [
        ("ssl-mode=REQUIRED", False, False),
        ("sslaccept=strict", True, True),
        ("sslMode=VERIFY_CA", False, True),
        ("tls=true&ssl_verify_cert=true&ssl_verify_identity=true", True, True),
        ("ssl=1", False, False),
    ],
)
def test_encryption_of_mysql_is_as_strict_as_asked(
    options: str, checks_name: bool, checks_authority: bool
) -> None:
    tls = mysql_options(parse_url(f"{MYSQL}?{options}")).tls
    assert tls is not None
    assert tls.check_hostname == checks_name
    assert (tls.verify_mode == ssl.CERT_REQUIRED) == checks_authority


@pytest.mark.external
async def test_of_several_hosts_the_one_that_takes_writes_is_used(postgres_url: str) -> None:
    url = parse_url(postgres_url)
    several = (
        f"postgresql://{url.username}@127.0.0.1:1,{url.host}:{url.port}/{url.database}"
        "?target_session_attrs=read-write"
    )
    engine = create_engine(several)
    async with transaction(engine) as connection:
        assert await connection.scalar(text("SELECT current_database()")) == url.database
    await engine.dispose()


def test_a_command_names_the_variable_and_the_option_and_ends_with_2(tmp_path: Path) -> None:
    done = command(f"{POSTGRESQL}?sslmodus=1", tmp_path, "check")
    assert done.returncode == 2
    assert done.stderr.startswith("DATABASE_URL has the option sslmodus, which is not known")
    assert "hunter2" not in done.stderr + done.stdout
