"""The options of a MySQL or MariaDB URL, sorted: those with a meaning here, and those without."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import URL

from backend.database.url_options import refuse_unknown, say_dropped, words
from backend.database.urls import InvalidDatabaseUrl

# How each client spells one thing; without capitals, dashes and underscores.
MODE = words("sslmode ssl tls usessl requiressl sslaccept")
AUTHORITY = words("sslca sslrootcert sslcapath")
CERTIFICATE, KEY = words("sslcert"), words("sslkey")
VERIFY_AUTHORITY = words("sslverifycert verifyservercertificate")
VERIFY_NAME = words("sslverifyidentity sslcheckhostname")
SOCKET, USER, PASSWORD = (
    words("unixsocket socket"),
    words("user username"),
    words("password passwd"),
)
CONNECT = words("connecttimeout connectiontimeout")
WITH_MEANING = (
    MODE | AUTHORITY | CERTIFICATE | KEY | VERIFY_AUTHORITY | VERIFY_NAME | SOCKET | USER | PASSWORD
) | CONNECT
# Of pools that are not ours, of drivers in other languages, and what a session of ours settles.
WITHOUT_MEANING = words(
    """
    reconnect autoreconnect charset collation characterencoding useunicode encoding sqlmode
    servertimezone timezone loc parsetime connectiontimezone forceconnectiontimezonetosession
    allowpublickeyretrieval allownativepasswords allowcleartextpasswords serverversion adapter
    connectionlimit pool poolsize pooltimeout poolrecycle poolpreping maxoverflow
    timeout readtimeout writetimeout sockettimeout waittimeout autocommit localinfile compress
    multistatements allowmultiqueries zerodatetimebehavior rewritebatchedstatements
    cacheprepstmts useserverprepstmts uselegacydatetimecode usejdbccomplianttimezoneshift
    tinyint1isbit nullcatalogmeanscurrent statementcachesize preparedstatements maxallowedpacket
    programname interpolateparams
    """
)
NO_TLS = words("disable disabled false 0")
ANY_TLS = words(
    """
    prefer preferred require required true 1 skipverify noverify acceptinvalidcerts
    {"rejectunauthorized":false}
    """
)
AUTHORITY_CHECKED = words("verifyca")
NAME_CHECKED = words('verifyfull verifyidentity strict {"rejectunauthorized":true}')


@dataclass(frozen=True, slots=True, kw_only=True)
class MysqlOptions:
    """What a MySQL or MariaDB URL asks for.

    Attributes
    ----------
    url
        The URL without options, user and password in their places.
    tls
        How the line is encrypted; None: it is not.
    unix_socket
        Where the server is, if not at an address.
    connect_seconds
        How long connecting may take; None where the URL does not say.
    """

    url: URL
    tls: ssl.SSLContext | None
    unix_socket: str | None
    connect_seconds: float | None


def mysql_options(url: URL) -> MysqlOptions:
    """Sort the options of a MySQL or MariaDB URL.

    Raises
    ------
    InvalidDatabaseUrl
        When it has an option that is not known, or one that makes no sense.
    """
    said = {name: value for name, value in url.query.items() if isinstance(value, str)}
    query = {_plain(name): value for name, value in said.items()}
    refuse_unknown(
        {name for name in url.query if _plain(name) not in WITH_MEANING | WITHOUT_MEANING}
    )
    say_dropped(frozenset(name for name in said if _plain(name) in WITHOUT_MEANING))
    return MysqlOptions(
        url=url.set(
            query={},
            username=url.username or _first(query, USER),
            password=url.password or _first(query, PASSWORD),
        ),
        tls=_tls(query),
        unix_socket=_first(query, SOCKET),
        connect_seconds=_seconds(_first(query, CONNECT)),
    )


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def _first(query: Mapping[str, str], names: frozenset[str]) -> str | None:
    return next((value for name, value in query.items() if name in names), None)


def _seconds(text: str | None) -> float | None:
    """Read a time-out: drivers of Java say milliseconds."""
    if text is None:
        return None
    if not text.isdecimal():
        raise InvalidDatabaseUrl("has the option connect_timeout, which must be a number")
    return int(text) / 1000 if int(text) >= 1000 else int(text) or None


def _tls(query: Mapping[str, str]) -> ssl.SSLContext | None:
    """Translate what MySQL's, libpq's and other drivers' words ask of encryption."""
    authority, mode = _first(query, AUTHORITY), _first(query, MODE)
    asks = VERIFY_AUTHORITY | VERIFY_NAME | CERTIFICATE
    if mode is None and authority is None and not query.keys() & asks:
        return None
    word = _plain(mode or "required")
    if word in NO_TLS:
        return None
    if word not in ANY_TLS | AUTHORITY_CHECKED | NAME_CHECKED:
        raise InvalidDatabaseUrl(f"has the unknown encryption mode {mode}")
    context = _context(query, authority)
    context.check_hostname = word in NAME_CHECKED or _is_on(query, VERIFY_NAME)
    checked = word in AUTHORITY_CHECKED or authority is not None or _is_on(query, VERIFY_AUTHORITY)
    if not (context.check_hostname or checked):
        context.verify_mode = ssl.CERT_NONE
    return context


def _context(query: Mapping[str, str], authority: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=authority)
        if (certificate := _first(query, CERTIFICATE)) is not None:
            context.load_cert_chain(certificate, _first(query, KEY))
    except (OSError, ssl.SSLError):
        raise InvalidDatabaseUrl("names a certificate that cannot be read") from None
    return context


def _is_on(query: Mapping[str, str], names: frozenset[str]) -> bool:
    return (_first(query, names) or "").lower() in {"true", "1"}
