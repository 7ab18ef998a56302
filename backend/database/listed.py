"""A list of ids becomes a table that the database can join, sent as one value however long."""

import json
from collections.abc import Sequence

from sqlalchemy import BigInteger, FromClause, String, bindparam, text
from sqlalchemy.sql.elements import TextClause

JOINABLE = {
    "postgresql": "SELECT CAST(value AS {type}) AS customer_id"
    " FROM json_array_elements_text(CAST(:ids AS json)) AS value",
    "mysql": "SELECT customer_id FROM"
    " JSON_TABLE(:ids, '$[*]' COLUMNS (customer_id {type} PATH '$')) AS listed",
    "sqlite": "SELECT value AS customer_id FROM json_each(:ids)",
    "duckdb": "SELECT unnest(from_json(CAST(:ids AS json), '[\"{type}\"]')) AS customer_id",
}
TYPES = {
    "integer": {"postgresql": "bigint", "mysql": "BIGINT", "sqlite": "", "duckdb": "BIGINT"},
    "text": {"postgresql": "text", "mysql": "VARCHAR(255)", "sqlite": "", "duckdb": "VARCHAR"},
}


def listed(dialect: str, ids: Sequence[int | str]) -> FromClause:
    """Return a table with the one column `customer_id`.

    Parameters
    ----------
    dialect
        The database's name.
    ids
        All integers, or all texts.
    """
    of_text = bool(ids) and isinstance(ids[0], str)
    kind: BigInteger | String = String() if of_text else BigInteger()
    written = bindparam("ids", json.dumps(ids), String())
    return (
        _selection(dialect, "text" if of_text else "integer")
        .bindparams(written)
        .columns(customer_id=kind)
        .subquery("members")
    )


def _selection(dialect: str, kind: str) -> TextClause:
    family = "mysql" if dialect == "mariadb" else dialect
    return text(JOINABLE[family].format(type=TYPES[kind][family]))
