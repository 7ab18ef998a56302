"""Customer ids in our tables: BIGINT where the shop's are integers, else text."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    String,
    false,
    inspect,
    literal,
    not_,
    or_,
    type_coerce,
    update,
)
from sqlalchemy.types import TypeEngine

from backend.core.customer_id import LONGEST_ID, CustomerId, CustomerIdType
from backend.core.late import late
from backend.database.column_types import text_id
from backend.database.engine import AsyncConnection
from backend.database.expressions import same_id
from backend.database.kinds import Kind
from backend.store.all_tables import intelligence
from backend.store.runs import Published
from backend.store.tables import HOLDS_CUSTOMER_ID, customer_intelligence, runs


def _registered() -> Iterator[Column[Any]]:
    for table in intelligence.sorted_tables:
        yield from (column for column in table.columns if column.info.get(HOLDS_CUSTOMER_ID))


# Every column of ours that holds a customer's id, and those that take the type of the shop's ids.
HOLDERS = tuple(_registered())
TYPED_AS_THE_SHOPS = tuple(one for one in HOLDERS if isinstance(one.type, BigInteger))
# As `CustomerId.number` reads them; one digit fewer than BIGINT holds, so that each fits.
INTEGER = "^(0|-?[1-9][0-9]{0,17})$"


async def fit_customer_id_type(connection: AsyncConnection, kind: CustomerIdType) -> None:
    """Give our customer ids the type of the shop's: BIGINT for integers, else text.

    The rows are kept, but for texts that are no integers where ids become such.
    """
    if await connection.run_sync(fits, kind):
        return
    await connection.run_sync(late("backend.store.alter_ids").alter_id_type, kind)
    await connection.execute(
        update(runs).where(runs.c.published == 1).values(customer_id_type=kind)
    )


def wanted_type(connection: Connection, kind: CustomerIdType) -> BigInteger | String:
    """Return the type that our tables hold the shop's ids in."""
    return BigInteger() if kind == "integer" else text_id(connection.dialect, LONGEST_ID)


def fits(connection: Connection, kind: CustomerIdType) -> bool:
    """Whether our tables hold ids of this type already."""
    wanted, found = wanted_type(connection, kind), _id_type(connection)
    if isinstance(wanted, String) and isinstance(found, String):
        return wanted.collation in {None, found.collation}
    return not isinstance(wanted, String) and not isinstance(found, String)


def _id_type(connection: Connection) -> TypeEngine[Any]:
    columns = inspect(connection).get_columns(customer_intelligence.name)
    return next(column["type"] for column in columns if column["name"] == "customer_id")


def is_no_integer(customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a text names nobody in a shop whose ids are integers."""
    return not_(type_coerce(customer_id, String()).regexp_match(INTEGER))


def is_one_of(
    column: Column[Any],
    dialect: str,
    published: Published | None,
    customer_ids: Sequence[CustomerId],
) -> ColumnElement[bool]:
    """Whether a row of ours is about one of these customers.

    Parameters
    ----------
    column
        One of `HOLDERS`.
    dialect
        The database's name.
    published
        Says what type the shop's ids have; before the first run no row has any.
    customer_ids
        Whom.
    """
    if not isinstance(column.type, BigInteger):
        asked = [literal(one.text, String()) for one in customer_ids]
        return or_(false(), *(same_id(dialect, column, Kind.TEXT, one, Kind.TEXT) for one in asked))
    if published is None:
        return false()
    kind = published.customer_id_type
    stored = [customer_id.stored_as(kind) for customer_id in customer_ids]
    as_stored = column if kind == "integer" else type_coerce(column, String())
    return as_stored.in_([value for value in stored if value is not None])
