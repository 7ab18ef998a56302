"""MySQL and MariaDB."""

from math import ceil
from typing import Any

from sqlalchemy import URL

from backend.database.async_engines import AsyncEngine
from backend.database.bounds import Bounds
from backend.database.mysql_options import mysql_options
from backend.database.pools import PoolPlan, pooled

SESSION = "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"
# Each in a comment that the other one does not run: MariaDB leaves out what asks for MySQL 5.7.
# https://mariadb.com/kb/en/comment-syntax/
STATEMENT = "/*M!100101 , max_statement_time = {seconds} */ /*!50708 , max_execution_time = {ms} */"
FENCE = "/*M!100101 , tx_read_only = 1 */ /*!50720 , transaction_read_only = 1 */"
LOCK = ", lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}"


def mysql_engine(url: URL, plan: PoolPlan) -> AsyncEngine:
    """Make an engine on MySQL or MariaDB."""
    options = mysql_options(url)
    seconds = min(options.connect_seconds or plan.connect_seconds, plan.connect_seconds)
    arguments: dict[str, Any] = {
        "init_command": session_of(plan.bounds, reads_only=plan.reads_only),
        "connect_timeout": max(1, round(seconds)),
        "charset": "utf8mb4",
        "ssl": options.tls,
    }
    if options.unix_socket is not None:
        arguments["unix_socket"] = options.unix_socket
    return pooled(options.url, plan, connect_args=arguments)


def session_of(bounds: Bounds, *, reads_only: bool = False) -> str:
    """Return the statement that every session begins with."""
    statement, lock = bounds.statement_seconds, bounds.lock_seconds
    return "".join(
        [
            SESSION,
            LOCK.format(seconds=ceil(lock)) if lock else "",
            STATEMENT.format(seconds=statement, ms=ceil(statement * 1000)) if statement else "",
            FENCE if reads_only else "",
        ]
    )
