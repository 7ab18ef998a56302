"""What may enter SQL text: identifiers and read-only queries from a shop's mapping.

The words of a mapping come from whoever configures the service. They are still checked, so that a
slip (a second statement, a half-open string) is refused with a sentence and not run. Everything
that is read of a shop is read in read-only transactions besides.
"""

import re
from collections.abc import Callable, Iterator

from backend.core.errors import InvalidMapping

IDENTIFIER = re.compile(r"[\w$][\w$ -]{0,62}")
TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|'')*')
      | (?P<quoted>"(?:[^"\\]|"")*"|`[^`\\]*`)
      | (?P<comment>--|/\*|\*/|\#(?![>-]))
      | (?P<table>\{[\w$][\w$-]{0,62}\})
      | (?P<word>[A-Za-z_][\w$]*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
WRITING_WORDS = frozenset(
    """
    insert update delete merge truncate drop alter create grant revoke call execute exec copy into
    lock attach detach pragma vacuum begin commit rollback savepoint shutdown handler outfile
    dumpfile
    """.split()  # noqa: SIM905  (a list of one word per line would hide the rule)
)
# Functions that act, wait or read files: no read-only transaction keeps a query from these.
ACTING_FUNCTIONS = re.compile(
    r"(pg|lo|dblink|sys)_\w+|dblink|sleep|benchmark|load_file|load_extension|set_config|nextval"
    r"|setval|get_lock|release_lock|release_all_locks|\w+_to_xml\w*"
)
HARMLESS_FUNCTIONS = frozenset({"pg_typeof"})


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
    """Return the query without its trailing semicolon if it is one plain SELECT.

    Raises
    ------
    InvalidMapping
        When it does not begin with SELECT or WITH, or `checked_fragment` refuses it.
    """
    stripped = query.strip().removesuffix(";").rstrip()
    if not is_query(stripped):
        raise InvalidMapping(field, "must begin with SELECT or WITH")
    return checked_fragment(field, stripped)


def checked_fragment(field: str, sql: str) -> str:
    """Return a piece of SQL that cannot end the statement around it, write or act.

    Raises
    ------
    InvalidMapping
        When it holds a second statement, a comment, an open string or parenthesis, a backslash
        in a string, a word that writes, or a function that acts.
    """
    depth = 0
    called = ""
    for kind, piece in _tokens(sql):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        problem = _problem(kind, piece)
        if piece == "(" and _acts(called):
            problem = f"calls {called}; only reading is allowed"
        if depth < 0:
            problem = "closes a parenthesis that it did not open"
        if problem:
            raise InvalidMapping(field, problem)
        if not piece.isspace():
            called = piece if kind in {"word", "quoted"} else ""
    if depth:
        raise InvalidMapping(field, "leaves a parenthesis open")
    if not sql.strip():
        raise InvalidMapping(field, "is empty")
    return sql.strip()


def _acts(called: str) -> bool:
    name = called.strip('"`').lower()
    return name not in HARMLESS_FUNCTIONS and ACTING_FUNCTIONS.fullmatch(name) is not None


def with_tables(query: str, table: Callable[[str], str]) -> str:
    """Return the query with `{name}`, where it is not within quotes, replaced by `table(name)`."""
    return "".join(
        token if kind != "table" else table(token.strip("{}")) for kind, token in _tokens(query)
    )


def named_tables(query: str) -> list[str]:
    """Return each `{name}` of a query that is not within quotes."""
    return [token.strip("{}") for kind, token in _tokens(query) if kind == "table"]


def _tokens(sql: str) -> Iterator[tuple[str, str]]:
    for match in TOKEN.finditer(sql):
        yield str(match.lastgroup), match.group()


def _problem(kind: str, token: str) -> str | None:
    if kind == "comment":
        return f"holds a comment ({token}); comments are refused, whatever they hide"
    if kind == "word" and token.lower() in WRITING_WORDS:
        return f"holds {token.upper()}; only reading is allowed (quote it if a column is called so)"
    if kind == "other":
        return _problem_of_character(token)
    return None


def _problem_of_character(character: str) -> str | None:
    if character == ";":
        return "holds a semicolon; one statement is allowed"
    if character in "'\"`\\":
        return f"holds an unmatched {character} (or a backslash within a string)"
    if character == "$":
        return "holds a $ outside of a name; dollar quoting is refused"
    return "holds a zero byte" if character == "\0" else None
