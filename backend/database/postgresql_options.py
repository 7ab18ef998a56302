"""The options of a PostgreSQL URL, sorted: the driver's, the server's, and those without meaning.

What providers, and the tools of other languages, print behind the question mark is understood or
let go of by name; anything else is refused.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL

from backend.database.url_options import refuse_unknown, say_dropped, words
from backend.database.urls import InvalidDatabaseUrl, libpq_uri

# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
FOR_THE_DRIVER = words(
    """
    host port user password dbname database passfile service krbsrvname gsslib
    sslmode sslcert sslkey sslrootcert sslnegotiation sslcrl sslpassword
    ssl_min_protocol_version ssl_max_protocol_version target_session_attrs
    """
)
FOR_THE_SERVER = words(
    "application_name options search_path idle_in_transaction_session_timeout work_mem jit"
)
OTHER_NAMES = {
    "ssl": "sslmode",
    "ApplicationName": "application_name",
    "fallback_application_name": "application_name",
    "currentSchema": "search_path",
    "schema": "search_path",
    "hostaddr": "host",
}
# Of other drivers, of pools that are not ours, and of libpq what this driver has not.
WITHOUT_MEANING = words(
    """
    channel_binding gssencmode gssdelegation sslcompression sslcertmode sslsni requirepeer
    require_auth load_balance_hosts min_protocol_version max_protocol_version
    keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout tcpKeepAlive
    client_encoding encoding charset timezone TimeZone serverVersion
    command_timeout statement_timeout lock_timeout socket_timeout socketTimeout loginTimeout
    pool pool_size pool_timeout pool_recycle pool_pre_ping max_overflow connection_limit reconnect
    supa workaround uselibpqcompat binaryTransfer sslfactory
    """
)
# Zero, or true for the first one, asks for a connection on which nothing is prepared.
NOTHING_PREPARED = {
    "pgbouncer": "true",
    "statement_cache_size": "0",
    "prepared_statement_cache_size": "0",
    "prepareThreshold": "0",
    "prepared_statements": "false",
}
SSL_MODES = words("disable allow prefer require verify-ca verify-full")
SSL_WORDS = {
    "true": "require",
    "1": "require",
    "no-verify": "require",
    "false": "disable",
    "0": "disable",
}
SESSIONS = words("any primary standby prefer-standby read-write read-only")
DEFAULT_SCHEMA = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlOptions:
    """What a PostgreSQL URL asks for.

    Attributes
    ----------
    dsn
        The URL with the driver's options alone. It holds the password.
    server
        What the session begins with, by name.
    tls
        Given where the system's own certificates are asked for; else the driver reads `dsn`.
    connect_seconds
        How long connecting may take; None where the URL does not say.
    is_pooled
        Whether nothing may be prepared: a pooler gives each transaction another session.
    """

    dsn: str
    server: Mapping[str, str]
    tls: ssl.SSLContext | None
    connect_seconds: float | None
    is_pooled: bool


def postgresql_options(url: URL) -> PostgresqlOptions:
    """Sort the options of a PostgreSQL URL.

    Raises
    ------
    InvalidDatabaseUrl
        When it has an option that is not known, or one that makes no sense.
    """
    query = _named_as_libpq_does({name: _one(value) for name, value in url.query.items()})
    connect_seconds = _number("connect_timeout", query.pop("connect_timeout", None))
    pooled = [query.pop(name, "").lower() == asks for name, asks in NOTHING_PREPARED.items()]
    dropped = frozenset(query.keys() & WITHOUT_MEANING)
    unknown = query.keys() - dropped - FOR_THE_DRIVER - FOR_THE_SERVER
    refuse_unknown(unknown)
    say_dropped(dropped)
    driver = {name: value for name, value in query.items() if name in FOR_THE_DRIVER}
    _refuse_nonsense(driver)
    return PostgresqlOptions(
        tls=_system_certificates(driver),
        dsn=libpq_uri(url.set(query=driver)),
        server={name: value for name, value in query.items() if name in FOR_THE_SERVER},
        connect_seconds=connect_seconds or None,
        is_pooled=any(pooled),
    )


def _one(value: str | tuple[str, ...]) -> str:
    """Return what was given once; of hosts, which may be given one by one, the list."""
    return value if isinstance(value, str) else ",".join(value)


def _named_as_libpq_does(query: dict[str, str]) -> dict[str, str]:
    for other, name in OTHER_NAMES.items():
        if (value := query.pop(other, None)) is not None:
            query.setdefault(name, value)
    if (mode := query.get("sslmode")) is not None:
        query["sslmode"] = SSL_WORDS.get(mode.lower(), mode.lower())
    if query.get("search_path") == DEFAULT_SCHEMA:  # what the server does anyway
        del query["search_path"]
    return query


def _number(name: str, value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        raise InvalidDatabaseUrl(f"has the option {name}, which must be a number") from None


def _refuse_nonsense(driver: Mapping[str, str]) -> None:
    for name, known in (("sslmode", SSL_MODES), ("target_session_attrs", SESSIONS)):
        if (value := driver.get(name)) is not None and value not in known:
            raise InvalidDatabaseUrl(
                f"has the option {name}, which must be one of {', '.join(sorted(known))}"
            )
    if not all(port.isdecimal() for port in driver.get("port", "0").split(",")):
        raise InvalidDatabaseUrl("has the option port, which must be a number")


def _system_certificates(driver: dict[str, Any]) -> ssl.SSLContext | None:
    """Read `sslrootcert=system` as libpq does: the system's own certificates, and the name too."""
    if driver.get("sslrootcert") != "system":
        return None
    del driver["sslrootcert"]
    driver.pop("sslmode", None)
    return ssl.create_default_context()
