"""How each kind of database's SQL is read and written: as the parser does it, but changing less."""

from typing import ClassVar

from sqlglot import Dialect, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.generators.mysql import MySQLGenerator
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.generators.sqlite import SQLiteGenerator
from sqlglot.parsers.duckdb import DuckDBParser


class _PostgresWriter(PostgresGenerator):
    TRANSFORMS: ClassVar = {
        **PostgresGenerator.TRANSFORMS,
        # The parser would cast to whole numbers' DECIMAL what is rounded.
        exp.Round: lambda writer, node: writer.function_fallback_sql(node),
    }


class _MySQLWriter(MySQLGenerator):
    TRANSFORMS: ClassVar = {
        **MySQLGenerator.TRANSFORMS,
        # REGEXP_LIKE, which the parser makes of REGEXP, is unknown to MariaDB.
        exp.RegexpLike: lambda writer, node: (
            writer.function_fallback_sql(node)
            if node.args.get("flag")
            else writer.binary(node, "REGEXP")
        ),
    }


class _SQLiteWriter(SQLiteGenerator):
    # As REAL, which the parser makes of NUMERIC, 7 would become 7.0.
    TYPE_MAPPING: ClassVar = {**SQLiteGenerator.TYPE_MAPPING, exp.DType.DECIMAL: "NUMERIC"}


# A width, which DuckDB reads over, the parser would drop: that is taken for another value.
class _DuckdbReader(DuckDBParser):
    TYPE_CONVERTERS: ClassVar = {
        kind: make for kind, make in DuckDBParser.TYPE_CONVERTERS.items() if kind != exp.DType.TEXT
    }


class _DuckdbWriter(DuckDBGenerator):
    TYPE_MAPPING: ClassVar = {**DuckDBGenerator.TYPE_MAPPING, exp.DType.VARCHAR: "VARCHAR"}


class _Duckdb(DuckDB):
    Parser = _DuckdbReader
    Generator = _DuckdbWriter


class _Postgres(Postgres):
    Generator = _PostgresWriter


class _MySQL(MySQL):
    Generator = _MySQLWriter

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        return path  # written as it was, whatever is in it


class _SQLite(SQLite):
    Generator = _SQLiteWriter
    to_json_path = _MySQL.to_json_path


DIALECTS: dict[str, type[Dialect]] = {
    "postgresql": _Postgres,
    "mysql": _MySQL,
    "mariadb": _MySQL,
    "sqlite": _SQLite,
    "duckdb": _Duckdb,
}
