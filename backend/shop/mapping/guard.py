"""One SELECT, or one condition, read by a parser and written anew from what was read.

Only kinds of nodes that are known pass, only functions that are known to compute and nothing else,
and what is sent is the text written from the tree. A parser and a server may differ about what a
text means, so backslashes, which sessions read differently, comments, which MySQL may run, and
whatever is read differently when it is written and read again are refused. The user's rights are
the fence all the same (docs/security.md).
"""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from sqlglot import Dialect, ErrorLevel, Token, TokenType, exp
from sqlglot.errors import ParseError, SqlglotError, TokenError, UnsupportedError

from backend.shop.mapping.known_nodes import (
    IN_WORDS,
    KNOWN_NODES,
    PARTS_OF_A_SELECT,
    PARTS_OF_A_TABLE,
)
from backend.shop.mapping.known_sql import (
    ABOUT_THE_SESSION,
    ACTING,
    BEFORE_A_PARENTHESIS,
    CALLED_BY_NAME,
    KNOWN_FUNCTIONS,
    KNOWN_TYPES,
)
from backend.shop.mapping.sizes import makes_much, takes_long_to_read
from backend.shop.mapping.sql_dialects import DIALECTS

LONGEST = 20_000
DEEPEST = 60  # parentheses within each other; the parser's own stack ends near a thousand
SYSTEM_SCHEMAS = frozenset({"information_schema", "performance_schema", "mysql", "sys"})
FILE_NAME = re.compile(r"[./:]")
SYSTEM_TABLES = (
    "duckdb_",
    "pg_",
    "sqlite_",
    "pragma_",
    "dbstat",
    "bytecode",
    "tables_used",
    "completion",
)
ROWS_OF_NOTHING = re.compile(r"seq_\d+_to_\d+(_step_\d+)?")
ROWS_OF_A_FUNCTION = frozenset({"value", "key", "ordinality"})

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # its warnings repeat the SQL


class RefusedSql(Exception):
    """The SQL does what a mapping may not; the text says what, as `holds …` or `calls …`."""


class UnknownCalls(RefusedSql):
    """The SQL calls functions, or casts to types, that are not known to only read."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        super().__init__(f"uses {', '.join(sorted(names))}, which is not known to only read")


def advice(unknown: frozenset[str], allowed: Collection[str]) -> str:
    """Say which names are not known, and the line that would let a mapping use them."""
    acting = sorted(name for name in unknown if ACTING.fullmatch(name))
    if acting:
        return f"uses {', '.join(acting)}, which acts, waits, or reads what is not the shop's"
    line = ",".join(sorted(unknown.union(allowed)))
    return (
        f"uses {', '.join(sorted(unknown))}, which is not known to only read; if it is, let the "
        f"mapping use it by MAPPING_FUNCTIONS={line}"
    )


@lru_cache(maxsize=64)
def written_anew(
    sql: str, database: str, allowed: frozenset[str] = frozenset(), *, condition: bool = False
) -> str:
    """Return the SQL as it may be sent.

    Parameters
    ----------
    sql
        One SELECT, or one condition.
    database
        The kind of database that will run it.
    allowed
        Functions and types, in lower case, that may be used beyond those that are known.
    condition
        Whether it is a condition.

    Raises
    ------
    RefusedSql
        When it does anything but read, or is not understood beyond doubt.
    """
    _refuse_unreadable(sql)
    try:
        return _written_anew(sql, database, _known(database) | allowed, condition)
    except RecursionError:
        raise RefusedSql("is nested too deep") from None


def _written_anew(sql: str, database: str, allowed: frozenset[str], condition: bool) -> str:
    dialect = DIALECTS[database]()
    before = _tokens(dialect, sql)
    _refuse(takes_long_to_read(before))
    tree = _parsed(sql, dialect, condition)
    for node in tree.walk():
        _refuse_unknown(node)
        _refuse(makes_much(node))
    _refuse_calls_by_dot(tree)
    text = _written(tree, dialect)
    after = _tokens(dialect, text)
    _refuse_another_meaning(before, after, tree, _parsed(text, dialect, condition))
    bare = ABOUT_THE_SESSION[_kind(database)]
    unknown = frozenset((*_called(after), *_named_alone(after, bare), *_cast_to(tree)))
    if unknown - allowed:
        raise UnknownCalls(unknown - allowed)
    return text


def _known(database: str) -> frozenset[str]:
    return KNOWN_FUNCTIONS[_kind(database)] | KNOWN_TYPES


def _kind(database: str) -> str:
    return "mysql" if database == "mariadb" else database


def _refuse(problem: str | None) -> None:
    if problem is not None:
        raise RefusedSql(problem)


def _refuse_unreadable(sql: str) -> None:
    if len(sql) > LONGEST:
        raise RefusedSql(f"is longer than {LONGEST} characters")
    if "\\" in sql:
        raise RefusedSql("holds a backslash, which sessions read differently")
    if any(
        unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in sql if sign not in "\n\r\t"
    ):
        raise RefusedSql("holds a sign that cannot be seen, such as a zero byte")


def _tokens(dialect: Dialect, sql: str) -> Sequence[Token]:
    try:
        tokens = dialect.tokenize(sql)
    except TokenError:
        raise RefusedSql("leaves a string, a name or a comment open") from None
    if any(token.comments for token in tokens):
        raise RefusedSql("holds a comment; comments are refused, whatever they hide")
    depth = deepest = 0
    for token in tokens:
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        deepest = max(deepest, depth)
        if depth < 0:
            raise RefusedSql("closes a parenthesis that it did not open")
    if deepest > DEEPEST:
        raise RefusedSql("is nested too deep")
    return tokens


OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE}
CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END}


def _parsed(sql: str, dialect: Dialect, condition: bool) -> exp.Expr:
    try:
        reader, tokens = dialect.parser(error_level=ErrorLevel.RAISE), dialect.tokenize(sql)
        trees = (
            reader.parse_into(exp.Condition, tokens, sql)
            if condition
            else reader.parse(tokens, sql)
        )
    except ParseError as error:
        raise RefusedSql(f"cannot be read{_where(error)}") from None
    if len(trees) != 1 or trees[0] is None:
        raise RefusedSql("holds a semicolon; one statement is allowed" if trees[1:] else "is empty")
    if not condition and not isinstance(trees[0], exp.Select | exp.SetOperation | exp.Subquery):
        raise RefusedSql("is not one SELECT")
    return trees[0]


def _where(error: ParseError) -> str:
    if not error.errors or not error.errors[0].get("line"):
        return ""
    found = error.errors[0]
    return f" at line {found['line']}, column {found['col']}"


def _written(tree: exp.Expr, dialect: Dialect) -> str:
    try:
        return tree.sql(dialect=dialect, comments=False, unsupported_level=ErrorLevel.RAISE)
    except (UnsupportedError, SqlglotError, ValueError):
        raise RefusedSql("cannot be written as it was read") from None


def _refuse_unknown(node: exp.Expr) -> None:
    if not isinstance(node, KNOWN_NODES) or isinstance(node, exp.XMLTable | exp.MatchAgainst):
        raise RefusedSql(f"holds {IN_WORDS.get(type(node), type(node).__name__)}, which is refused")
    for kind, check in CHECKS.items():
        if isinstance(node, kind):
            check(node)


def _only(parts: frozenset[str]) -> Callable[[exp.Expr], None]:
    def check(node: exp.Expr) -> None:
        for name, value in node.args.items():
            if value and name not in parts:
                kind = IN_WORDS.get(type(value[0] if isinstance(value, list) else value))
                raise RefusedSql(f"holds {kind or name.strip('_').upper()}, which is refused")

    return check


def _check_table(node: exp.Expr) -> None:
    _only(PARTS_OF_A_TABLE)(node)
    schema, name = _plain(node.text("db")), _plain(node.name)
    for own in filter(None, (schema, name)):
        if own.startswith(SYSTEM_TABLES) or (own is schema and own in SYSTEM_SCHEMAS):
            raise RefusedSql(f"reads {own}, which is the database's own")
    if FILE_NAME.search(name):
        raise RefusedSql(f"reads {name}, which names a file")
    if name in CALLED_BY_NAME:
        raise RefusedSql(f"reads {name}, which calls a function")
    if ROWS_OF_NOTHING.fullmatch(name):
        raise RefusedSql(f"reads {name}, which is rows that MariaDB makes without end")


def _plain(name: str) -> str:
    """Return a name as a server may take it: MySQL compares some without case and accents."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def _check_identifier(node: exp.Expr) -> None:
    if any(sign in node.name for sign in "\"`'"):
        raise RefusedSql("holds a quotation mark within a name")


def _check_function(node: exp.Expr) -> None:
    if isinstance(node.this, exp.Identifier):
        raise RefusedSql(f"calls {node.name}, quoted; functions are called without quotes")


def _check_with(node: exp.Expr) -> None:
    if node.args.get("recursive"):
        raise RefusedSql("holds WITH RECURSIVE, which may never end")


CHECKS: Mapping[type[exp.Expr], Callable[[exp.Expr], None]] = {
    exp.Select: _only(PARTS_OF_A_SELECT),
    exp.SetOperation: _only(PARTS_OF_A_SELECT),
    exp.Subquery: _only(PARTS_OF_A_SELECT),
    exp.Table: _check_table,
    exp.Identifier: _check_identifier,
    exp.Anonymous: _check_function,
    exp.With: _check_with,
}


def _refuse_calls_by_dot(tree: exp.Expr) -> None:
    """Refuse x.f of a function's rows: PostgreSQL takes it for f(x) where x has no column f."""
    columns = dict(_columns_of_functions(tree))
    for column in tree.find_all(exp.Column):
        *qualifiers, name = (part.name.lower() for part in column.parts)
        for source in set(qualifiers) & columns.keys():
            if name not in columns[source]:
                raise RefusedSql(f"holds {source}.{name}, which may call a function")


def _columns_of_functions(tree: exp.Expr) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what stands for the rows of each function in FROM, and the columns that they have."""
    for source in tree.find_all(exp.Table, exp.Lateral, exp.Unnest):
        if isinstance(source, exp.Unnest) or isinstance(source.this, exp.Func):
            name = source.alias.lower()
            if not name:
                raise RefusedSql("reads the rows of a function without giving them a name")
            named = (column.lower() for column in source.alias_column_names)
            yield name, ROWS_OF_A_FUNCTION.union(named, {name, "*"})


def _refuse_another_meaning(
    before: Sequence[Token], after: Sequence[Token], tree: exp.Expr, again: exp.Expr
) -> None:
    if tree != again or _values(before) != _values(after):
        raise RefusedSql("reads differently when it is written and read again")


def _values(tokens: Sequence[Token]) -> Counter[str]:
    """Count the strings and numbers; the parser writes units of time in capitals, in quotes."""
    return Counter(
        token.text.lower()
        for token in tokens
        if token.token_type in {TokenType.STRING, TokenType.NUMBER}
    )


def _called(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the word before each parenthesis that may be a function's name."""
    before = ""
    for token, following in pairwise(tokens):
        word = token.text.lower()
        opens = following.token_type is TokenType.L_PAREN and word[:1].isidentifier()
        if opens and before != "as" and word not in BEFORE_A_PARENTHESIS:
            yield word
        before = word


def _named_alone(tokens: Sequence[Token], functions: Collection[str]) -> Iterator[str]:
    """Yield each word that calls a function without parentheses."""
    before = None
    for token in tokens:
        is_name_of_ours = before in {TokenType.DOT, TokenType.ALIAS}
        is_quoted = token.token_type in {TokenType.IDENTIFIER, TokenType.STRING}
        if not is_name_of_ours and not is_quoted and token.text.lower() in functions:
            yield token.text.lower()
        before = token.token_type


def _cast_to(tree: exp.Expr) -> Iterator[str]:
    """Yield the types that values are cast to."""
    for cast in tree.find_all(exp.Cast):
        for part in cast.to.find_all(exp.DataType, exp.ObjectIdentifier):
            kind = part.this
            known = isinstance(kind, exp.DType) and kind is not exp.DType.USERDEFINED
            yield kind.value.lower() if known else str(part.args.get("kind") or kind).lower()
