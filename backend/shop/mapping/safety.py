"""What may enter SQL text by name: identifiers, and the shop's tables within a query.

What else a query or a filter may hold is decided by `guard.py`, which reads it with a parser.
"""

import re
from collections.abc import Callable, Iterator

from backend.core.errors import InvalidMapping

IDENTIFIER = re.compile(r"[\w$][\w$ -]{0,62}")
TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)
      | (?<=\.)(?P<column>\{[\w$][\w$ -]{0,62}\})
      | (?P<table>\{[\w$][\w$ -]{0,62}\})
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
# A table of the shop's while a query is read and written anew: no SQL holds such a sign.
MARK = "\ue000"
# And whether it is given another name: `{users} AS u`.
MARKED = re.compile(f'["`]{MARK}([^{MARK}]+){MARK}["`](?=(\\s+AS\\b)?)', re.IGNORECASE)


def checked_identifier(field: str, name: str) -> str:
    """Return the name of a table, schema or column if it can be quoted safely.

    Raises
    ------
    InvalidMapping
        When it holds anything but letters, digits, `_`, `$`, `-` and blanks.
    """
    stripped = name.strip()
    if not IDENTIFIER.fullmatch(stripped):
        raise InvalidMapping(field, f"holds '{name}', which is not the name of a table or column")
    return stripped


def checked_table(field: str, name: str) -> str:
    """Return `table` or `schema.table` with both parts checked.

    Raises
    ------
    InvalidMapping
        When a part is no identifier or there are more than two.
    """
    parts = name.split(".")
    if len(parts) > 2:
        raise InvalidMapping(field, f"holds '{name}'; expected table or schema.table")
    return ".".join(checked_identifier(field, part) for part in parts)


def is_query(text: str) -> bool:
    """Tell a query from a table's name."""
    return re.match(r"\s*(select|with)\b", text, re.IGNORECASE) is not None


def checked_query(field: str, query: str) -> str:
    """Return the query without its trailing semicolon.

    Raises
    ------
    InvalidMapping
        When it does not begin with SELECT or WITH.
    """
    stripped = query.strip().removesuffix(";").rstrip()
    if not is_query(stripped):
        raise InvalidMapping(field, "must begin with SELECT or WITH")
    return stripped


def marked(query: str, quote: str) -> str:
    """Return the query with each `{name}` outside quotes as an identifier that a parser can read.

    After a dot it is a column (`o.{customerId}`) and stays as it is, else one of the shop's tables.
    """

    def read(kind: str, token: str) -> str:
        name = token.strip("{}")
        return {
            "table": f"{quote}{MARK}{name}{MARK}{quote}",
            "column": f"{quote}{name}{quote}",
        }.get(kind, token)

    return "".join(read(kind, token) for kind, token in _tokens(query))


def filled(query: str, table: Callable[[str, bool], str]) -> str:
    """Return a marked query with each mark replaced by `table(name, whether it is renamed)`."""
    return MARKED.sub(lambda mark: table(mark[1], mark[2] is not None), query)


def named_tables(query: str) -> list[str]:
    """Return each `{name}` of a query that is not within quotes."""
    return [token.strip("{}") for kind, token in _tokens(query) if kind == "table"]


def _tokens(sql: str) -> Iterator[tuple[str, str]]:
    for match in TOKEN.finditer(sql):
        yield str(match.lastgroup), match.group()
