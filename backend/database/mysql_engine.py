"""MySQL and MariaDB."""

import ssl
from math import ceil
from typing import Any

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from backend.database.bounds import Bounds
from backend.database.pools import PoolPlan, pooled
from backend.database.urls import InvalidDatabaseUrl

SESSION = "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"
# Each in a comment that the other one does not run: MariaDB leaves out what asks for MySQL 5.7.
# https://mariadb.com/kb/en/comment-syntax/
STATEMENT = "/*M!100101 , max_statement_time = {seconds} */ /*!50708 , max_execution_time = {ms} */"
LOCK = ", lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}"


def mysql_engine(url: URL, plan: PoolPlan) -> AsyncEngine:
    """Make an engine on MySQL or MariaDB."""
    query = dict(url.query)
    arguments: dict[str, Any] = {
        "init_command": session_of(plan.bounds),
        "connect_timeout": ceil(plan.connect_seconds),
    }
    modes = [query.pop(name, None) for name in ("ssl-mode", "ssl_mode", "sslmode", "ssl")]
    if (mode := next((mode for mode in modes if mode is not None), None)) is not None:
        arguments["ssl"] = _tls(str(mode))
    query.setdefault("charset", "utf8mb4")
    return pooled(url.set(query=query), plan, connect_args=arguments)


def session_of(bounds: Bounds) -> str:
    """Return the statement that every session begins with."""
    statement, lock = bounds.statement_seconds, bounds.lock_seconds
    return "".join(
        [
            SESSION,
            LOCK.format(seconds=ceil(lock)) if lock else "",
            STATEMENT.format(seconds=statement, ms=ceil(statement * 1000)) if statement else "",
        ]
    )


def _tls(mode: str) -> ssl.SSLContext | None:
    """Translate MySQL's and libpq's words for encryption."""
    word = mode.lower().replace("-", "_")
    if word in {"disable", "disabled", "false", "0"}:
        return None
    context = ssl.create_default_context()
    if word in {"prefer", "preferred", "require", "required", "true", "1"}:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    elif word == "verify_ca":
        context.check_hostname = False
    elif word not in {"verify_full", "verify_identity"}:
        raise InvalidDatabaseUrl(f"has the unknown encryption mode {mode}")
    return context
