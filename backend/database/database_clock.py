"""The database's own clock: what several machines write and compare is told by one of them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Float, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from backend.database.async_engines import AsyncConnection
from backend.database.column_types import UtcDateTime


class Moment(FunctionElement[datetime]):
    """The instant at which the database gets to a statement, and so many seconds."""

    name = "moment"
    type = UtcDateTime()
    inherit_cache = True


def database_now(plus: timedelta = timedelta()) -> Moment:
    """Return the instant by the database's clock, to be used in a statement as a UTC timestamp."""
    return Moment(literal(plus.total_seconds(), Float()))


async def read_clock(connection: AsyncConnection) -> datetime:
    """Return the instant by the database's clock."""
    now: datetime = (await connection.execute(select(database_now()))).scalar_one()
    return now


@compiles(Moment)
def _on_postgresql(moment: Moment, compiler: SQLCompiler, **options: Any) -> str:
    # Not now(), which is when the transaction began.
    seconds = compiler.process(moment.clauses, **options)
    return f"((clock_timestamp() AT TIME ZONE 'UTC') + make_interval(secs => {seconds}))"


@compiles(Moment, "mysql", "mariadb")
def _on_mysql(moment: Moment, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(moment.clauses, **options)
    return f"TIMESTAMPADD(MICROSECOND, ROUND({seconds} * 1000000), UTC_TIMESTAMP(6))"


@compiles(Moment, "sqlite")
def _on_sqlite(moment: Moment, compiler: SQLCompiler, **options: Any) -> str:
    # It knows milliseconds; what is kept as text has six digits.
    seconds = compiler.process(moment.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', ({seconds}) || ' seconds')"
