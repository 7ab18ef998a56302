"""SQL as DuckDB reads it, and what SQLAlchemy needs to know of it: PostgreSQL's, but for little.

DuckDB's `~` matches whole texts, its FLOAT has 32 bits, its NUMERIC three decimals. Of a read that
is over nothing is left, so that transactions and savepoints are none.
"""

from typing import Any

from sqlalchemy import BinaryExpression, Connection
from sqlalchemy.dialects.postgresql.base import (
    PGCompiler,
    PGIdentifierPreparer,
    PGTypeCompiler,
)
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import AsyncAdaptedQueuePool

from backend.database.warehouses.duckdb_driver import DuckdbModule

ANY_NUMBER = "DECIMAL(30, 8)"


class DuckdbCompiler(PGCompiler):
    """Statements."""

    def visit_regexp_match_op_binary(
        self, binary: BinaryExpression[Any], operator: Any, **options: Any
    ) -> str:
        """Look for a pattern anywhere."""
        text, pattern = binary.left._compiler_dispatch, binary.right._compiler_dispatch
        return f"regexp_matches({text(self, **options)}, {pattern(self, **options)})"

    def visit_try_cast(self, element: Any, **options: Any) -> str:
        """Make a value of a type, NULL where it is none."""
        written: str = super().visit_cast(element, **options)  # type: ignore[no-untyped-call]
        return f"TRY_{written}"


class DuckdbTypes(PGTypeCompiler):
    """Types that have other names, or that the same name means otherwise."""

    def visit_FLOAT(self, type_: Any, **options: Any) -> str:  # noqa: N802
        """Write a number of 64 bits."""
        return "DOUBLE"

    visit_DOUBLE = visit_FLOAT  # noqa: N815
    visit_DOUBLE_PRECISION = visit_FLOAT  # noqa: N815

    def visit_NUMERIC(self, type_: Any, **options: Any) -> str:  # noqa: N802
        """Write a decimal that holds any amount."""
        return ANY_NUMBER if type_.precision is None else super().visit_NUMERIC(type_, **options)

    def visit_large_binary(self, type_: Any, **options: Any) -> str:
        """Write bytes."""
        return "BLOB"


class DuckdbDialect(DefaultDialect):
    """DuckDB, which is only ever read."""

    name = "duckdb"
    driver = "threads"
    is_async = True
    has_terminate = True
    supports_statement_cache = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_server_side_cursors = False
    default_schema_name = "main"
    default_paramstyle = "qmark"
    statement_compiler = DuckdbCompiler
    type_compiler_cls = DuckdbTypes
    preparer = PGIdentifierPreparer
    _backslash_escapes = False
    _supports_jsonb_subscripting = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return the driver."""
        return DuckdbModule()

    @classmethod
    def get_pool_class(cls, url: Any) -> Any:
        """Return what keeps connections."""
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: Any) -> Any:
        """Say nothing of the URL: the engine is given what opens it."""
        return (), {}

    def initialize(self, connection: Connection) -> None:
        """Ask nothing: what is asked opens what is read."""

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Say that a connection is good: it is opened anew for each read."""
        return True

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Close a connection whose statement somebody did not wait for."""
        dbapi_connection.terminate()

    def do_savepoint(self, connection: Connection, name: str) -> None:
        """Begin nothing: there is nothing to go back to."""

    do_rollback_to_savepoint = do_savepoint
    do_release_savepoint = do_savepoint

    def get_driver_connection(self, connection: Any) -> Any:
        """Return the driver's own connection."""
        return connection.driver_connection
