"""E-mails and names of all customers in columns, for who compares them with what was."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.core.customer_id import CustomerId
from backend.database.bulk import read_batches, to_ids
from backend.database.expressions import identifier, spelt
from backend.shop.arrow_types import id_type
from backend.shop.customers import Customer
from backend.shop.shop import Shop
from backend.shop.spelling import FOLDING_RULE

TEXTS = ("email", "first_name", "last_name")
BETWEEN = b"\xff"  # is in no text of UTF-8
RULE = FOLDING_RULE.encode()


@dataclass(frozen=True, slots=True)
class NameColumns:
    """Some customers, in columns.

    Attributes
    ----------
    customer_ids
        Shape (customers,), int64, or str and None as objects.
    texts
        Of each: e-mail, first and last name in UTF-8, empty where there is none.
    """

    customer_ids: NDArray[Any]
    texts: Sequence[tuple[bytes, ...]]

    def digests(self) -> NDArray[np.int64]:
        """Return a number for each, never 0: another where a text is, or the rule of folding."""
        together = b"".join(
            blake2b(BETWEEN.join(texts), digest_size=8, person=RULE).digest()
            for texts in self.texts
        )
        return np.frombuffer(together, dtype="<i8") | 1

    def customer(self, place: int) -> Customer:
        """Return one of them, who has an id."""
        email, first, last = (text.decode("utf-8", "replace") for text in self.texts[place])
        return Customer(CustomerId(str(self.customer_ids[place])), email, first, last)


async def read_name_columns(
    connection: AsyncConnection, shop: Shop, take: Callable[[NameColumns], Awaitable[None]]
) -> None:
    """Read all of the shop's customers once, some at a time.

    Parameters
    ----------
    connection
        Within a `snapshot`.
    shop
        Where its tables are.
    take
        Called with some tens of thousands; nothing more is read before it returns.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist.
    """
    customers, dialect = await shop.customers(connection), connection.dialect.name
    columns, kind = customers.clause.c, customers.kinds["id"]
    ids = identifier(dialect, columns.id, kind)
    texts = [spelt(dialect, columns[name]).label(name) for name in TEXTS]
    schema = pa.schema({"id": id_type(kind), **dict.fromkeys(TEXTS, pa.binary())})

    async def take_batch(batch: pa.RecordBatch) -> None:
        await take(NameColumns(to_ids(batch.column("id")), _texts(batch)))

    await read_batches(connection, select(ids, *texts), schema, take_batch)


def _texts(batch: pa.RecordBatch) -> list[tuple[bytes, ...]]:
    columns = ([one or b"" for one in batch.column(name).to_pylist()] for name in TEXTS)
    return list(zip(*columns, strict=True))
