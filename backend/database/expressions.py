"""What differs between databases when a shop's columns are read; one function per difference."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    String,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    try_cast,
    type_coerce,
)

from backend.database.kinds import Kind
from backend.database.mysql_collations import (
    alike_on_mysql,
    collation_of,
    in_collation,
    word_on_mysql,
)

Column = ColumnElement[Any]
MICROS = 1_000_000
ABSURD_AMOUNT = 1_000_000_000_000
EXACT_AS_INTEGER = 10**18
NUMBER_PATTERN = r"^ *[+-]?[0-9]+(\.[0-9]+)? *$"
MYSQL = frozenset({"mysql", "mariadb"})
# Texts are the same only where each of their characters is.
EXACT = frozenset({"postgresql", "duckdb"})
READABLE = "readable"  # a function that every connection to SQLite has
EARLIEST, LATEST = "1900-01-01", "9999-12-31"


def as_text(dialect: str, value: Column, kind: Kind) -> ColumnElement[str]:
    """Render any id or status as text; bytes as lower hexadecimal, 7.00 as 7."""
    if kind is Kind.TEXT and dialect != "postgresql":
        return value if isinstance(value.type, String) else type_coerce(value, String())
    if kind in {Kind.DECIMAL, Kind.FLOAT}:
        return _number_as_text(value)
    if kind is Kind.BINARY:
        encoded = func.encode(value, "hex") if dialect == "postgresql" else func.hex(value)
        return func.lower(encoded, type_=String())
    return cast(value, String())


def _number_as_text(number: Column) -> ColumnElement[str]:
    whole = (func.abs(number) < EXACT_AS_INTEGER) & (number == func.round(number))
    integer = cast(cast(number, BigInteger()), String())
    return case((whole, integer), else_=cast(number, String()))


def exact(dialect: str, value: Column, kind: Kind = Kind.TEXT) -> Column:
    """Return what tells texts apart that a collation takes for equal: case, accents, blanks."""
    if kind not in {Kind.TEXT, Kind.MIXED} or dialect in EXACT:
        return value
    if dialect == "sqlite":
        return value.collate("BINARY")
    # By way of CHAR, which has the connection's character set, whatever the column's is.
    return cast(cast(value, String()), LargeBinary())


def in_order(dialect: str, value: Column, kind: Kind) -> Column:
    """Return what sorts ids as they are sorted everywhere: numbers, or texts by code points."""
    if kind is Kind.TEXT and dialect == "postgresql":
        return cast(value, String()).collate("C")
    return exact(dialect, value, kind)


def spelt(dialect: str, value: Column) -> ColumnElement[str]:
    """Return a text so that a pattern finds its characters, whatever the column's collation."""
    if dialect in MYSQL:
        return in_collation(value, "utf8mb4", "utf8mb4_bin")
    text = cast(value, String())
    if dialect == "sqlite":
        return _in_utf8(text)
    return text.collate("C") if dialect == "postgresql" else text


def grouped(dialect: str, value: Column, kind: Kind) -> Column:
    """Return what is the same where the database takes values for the same, to group by elsewhere.

    On MySQL a text's collation decides: its weights in hexadecimal, without the blanks that it pads
    with.
    """
    if kind is Kind.TEXT and dialect in MYSQL:
        return func.hex(func.weight_string(func.rtrim(value)), type_=String())
    return identifier(dialect, value, kind)


def is_beyond_ascii(dialect: str, value: Column) -> ColumnElement[bool]:
    """Whether a text has a letter that ASCII has not."""
    if dialect == "sqlite":
        return cast(value, String()).op("GLOB", return_type=Boolean())("*[^ -~]*")
    return spelt(dialect, value).regexp_match("[^ -~]")


def _in_utf8(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return a text of SQLite's as functions of Python's take it: bytes of UTF-8 alone."""
    readable = getattr(func, READABLE)(cast(text, LargeBinary()), type_=String())
    return case((is_beyond_ascii("sqlite", text), readable), else_=text)


def plain_word(dialect: str, value: Column, kind: Kind) -> ColumnElement[str]:
    """Return what is compared with words of the settings: no blanks around it, in small letters.

    A column of latin1 on MySQL is compared with no word that latin1 has not.
    """
    word = as_text(dialect, value, kind)
    return func.lower(func.trim(spelt(dialect, word) if dialect in MYSQL else word))


def identifier(dialect: str, value: ColumnElement[Any], kind: Kind) -> ColumnElement[Any]:
    """Return an id as the integer it is, else as text."""
    return value if kind is Kind.INTEGER else as_text(dialect, value, kind)


def has_no_id(dialect: str, value: Column, kind: Kind) -> ColumnElement[bool]:
    """Whether an id is missing: NULL, or an empty text."""
    if kind is Kind.INTEGER:
        return value.is_(None)
    # By its length: MySQL takes blanks alone for an empty text.
    return func.coalesce(func.length(as_text(dialect, value, kind)), 0) == 0


def same_id(
    dialect: str, one: Column, one_kind: Kind, other: Column, other_kind: Kind
) -> ColumnElement[bool]:
    """Whether two ids are the same, as text where they are of different kinds."""
    if one_kind is not other_kind or one_kind is Kind.MIXED:
        one, other = as_text(dialect, one, one_kind), as_text(dialect, other, other_kind)
        one_kind = Kind.TEXT
    if one_kind is not Kind.TEXT or dialect in EXACT:
        return one == other
    found = exact(dialect, one) == exact(dialect, other)
    indexed, sought = (one, other) if collation_of(one) else (other, one)
    return (indexed == alike(dialect, sought, indexed)) & found  # an index answers the first


def alike(dialect: str, value: Column, other: Column) -> Column:
    """Return a text so that it can be compared with another, or stand in its place."""
    return alike_on_mysql(value, other) if dialect in MYSQL else value


def is_among(dialect: str, value: Column, words: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a column's text is one of these words, or places of such; an index answers it."""
    if dialect not in MYSQL:
        return value.in_(words)
    asked = (word if isinstance(word, ColumnElement) else literal(word) for word in words)
    return value.in_([word_on_mysql(word, value) for word in asked])


def integer_range(dialect: str) -> tuple[int, int]:
    """Return the least and the greatest id that a column of integers can hold."""
    return -(2**63), 2**64 - 1 if dialect in MYSQL else 2**63 - 1


def is_stored_id(value: Column, texts: Sequence[str], numbers: Sequence[int]) -> Column:
    """Whether an id in SQLite is one of these, whichever way it is stored."""
    stored = func.typeof(value)
    as_text = (stored == "text") & value.collate("BINARY").in_(texts)
    return as_text | (stored.in_(("integer", "real")) & value.in_(numbers))


def email_key(dialect: str, email: Column) -> Column:
    """Return what all spellings of an e-mail share; NULL for none."""
    return exact(dialect, func.nullif(func.lower(func.trim(email)), ""))


def as_number(dialect: str, value: Column, kind: Kind) -> Column:
    """Return an amount or a rate as a number; NULL if it is none."""
    if dialect == "sqlite":
        numeric = func.typeof(value).in_(("integer", "real"))
        texts = value.op("GLOB")("*[0-9]*")
        return case((numeric, value), (texts, cast(value, Float())), else_=null())
    if dialect == "duckdb":
        return _number_on_duckdb(value, kind)
    if kind is Kind.TEXT:
        return case((value.regexp_match(NUMBER_PATTERN), cast(value, Numeric(30, 8))), else_=null())
    if kind is Kind.INTEGER and dialect == "postgresql":
        # INTEGER times millionths is out of its 32 bits from 2,147 on; a BIGINT has room.
        return cast(value, BigInteger())
    return cast(value, Numeric()) if kind is Kind.OTHER else value


def _number_on_duckdb(value: Column, kind: Kind) -> Column:
    """Return an exact number of so many digits that it can be multiplied; NULL if it is none."""
    if kind is Kind.FLOAT:
        return value
    number = try_cast(value, Numeric(30, 8))
    if kind is not Kind.TEXT:
        return number
    return case((value.regexp_match(NUMBER_PATTERN), number), else_=null())


def amount_micros(
    dialect: str, value: Column, kind: Kind, scale: int, rate: tuple[Column, str] | None
) -> Column:
    """Return an amount in whole millionths of the currency unit; NULL if it is no sane number.

    Parameters
    ----------
    dialect
        The database's name.
    value
        In units divided by `scale`.
    kind
        What `value` holds.
    scale
        1 for currency units, 100 for cents.
    rate
        The exchange rate, as a number above zero, and "divide" or "multiply".
    """
    number = as_number(dialect, value, kind)
    # NaN is above every number in PostgreSQL and DuckDB, absent from MySQL and NULL in SQLite.
    sane = func.abs(number) < ABSURD_AMOUNT * scale
    micros = _in_micros(dialect, number, scale, exactly=rate is None)
    if rate is not None:
        factor, direction = rate
        micros = micros / factor if direction == "divide" else micros * factor
        sane = sane & (func.abs(micros) < ABSURD_AMOUNT * MICROS)
    return case((sane, cast(func.round(micros), BigInteger())), else_=null())


def _in_micros(dialect: str, number: Column, scale: int, *, exactly: bool) -> Column:
    if dialect == "duckdb" and not exactly:
        # Of two decimals its product has more digits than it can hold.
        number = cast(number, Double())
    if MICROS % scale:
        return number * MICROS / scale
    factor = MICROS // scale
    # A parameter has more digits than it needs, and so has the product.
    return number * (literal_column(str(factor), Integer()) if dialect == "duckdb" else factor)


def moment(dialect: str, value: Column, kind: Kind) -> Column:
    """Return a time as the bulk reader wants it.

    PostgreSQL: a naive timestamp, UTC where the column knows its zone. MySQL, DuckDB: microseconds
    since 1970. Text stays text, whole numbers are seconds since 1970 and stay so.
    """
    if kind not in {Kind.DATETIME, Kind.INSTANT}:
        return value
    if dialect == "postgresql":
        naive = func.timezone("UTC", value) if kind is Kind.INSTANT else cast(value, DateTime())
        sane = naive.between(_timestamp(EARLIEST), _timestamp(LATEST))
        return case((sane, naive), else_=null())
    if dialect == "duckdb":
        micros = func.epoch_us(value if kind is Kind.INSTANT else cast(value, DateTime()))
        sane = micros.between(_epoch_us(EARLIEST), _epoch_us(LATEST))
        return case((sane, micros), else_=null())
    # Zero dates give NULL.
    return func.timestampdiff(literal_column("MICROSECOND"), "1970-01-01", value)


def _timestamp(text: str) -> Column:
    return cast(literal(text, String()), DateTime())


def _epoch_us(text: str) -> Column:
    return func.epoch_us(_timestamp(text), type_=BigInteger())


def told_in_utc(dialect: str, value: Column) -> Column:
    """Return an instant of ours, kept without a zone, as one in UTC.

    PostgreSQL's driver reads a zone faster than anything adds it; to others the column's type does.
    """
    if dialect != "postgresql":
        return value
    return func.timezone(literal_column("'UTC'"), value, type_=DateTime(timezone=True))


def is_before(dialect: str, value: Column, kind: Kind, naive_text: str, seconds: int) -> Column:
    """Compare a time of the shop's with an instant.

    Parameters
    ----------
    dialect
        The database's name.
    value
        The shop's time.
    kind
        What `value` holds.
    naive_text
        The instant as `YYYY-MM-DD HH:MM:SS.ffffff` in the zone of the column.
    seconds
        The instant in whole seconds since 1970.
    """
    if kind is Kind.INTEGER:
        return value < seconds
    if dialect == "sqlite":
        return func.strftime("%Y-%m-%d %H:%M:%f", value) < naive_text[:23]
    if kind is Kind.TEXT:
        return func.replace(value, "T", " ") < naive_text
    if dialect == "postgresql":
        return moment(dialect, value, kind) < _timestamp(naive_text)
    if dialect == "duckdb":
        return moment(dialect, value, kind) < _epoch_us(naive_text)
    return value < naive_text


def kept_apart(dialect: str, query: Select[Any]) -> Select[Any]:
    """Keep SQLite from merging a query into the one around it, which would look at its conditions
    for every row that is joined. MATERIALIZED would say so, from 3.35 on; no limit says it always.
    """
    return query.limit(-1) if dialect == "sqlite" else query
