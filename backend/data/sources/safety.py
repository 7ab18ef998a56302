"""What may enter SQL text: identifiers and read-only queries from a shop's mapping.

The words of a mapping come from whoever configures the service. They are still checked, so that a
slip (a second statement, a half-open string) is refused with a sentence and not run. Reading
connections are read-only besides.
"""

import re
from collections.abc import Iterator

from backend.core.errors import InvalidMapping

IDENTIFIER = re.compile(r"[\w$][\w$ -]{0,62}")
TABLE_PLACEHOLDER = re.compile(r"\{([\w$][\w$-]{0,62})\}")
TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|'')*')
      | (?P<quoted>"(?:[^"\\]|"")*"|`[^`\\]*`)
      | (?P<comment>--|/\*|\*/|\#(?![>-]))
      | (?P<word>[A-Za-z_][\w$]*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
WRITING_WORDS = frozenset(
    """
    insert update delete merge truncate drop alter create grant revoke call execute exec copy into
    lock attach detach pragma vacuum begin commit rollback savepoint shutdown handler outfile
    dumpfile load_file load_extension lo_import lo_export dblink pg_read_file pg_sleep sleep
    benchmark set_config nextval setval pg_terminate_backend pg_cancel_backend
    """.split()  # noqa: SIM905  (a list of one word per line would hide the rule)
)


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
    """Return a piece of SQL that cannot end the statement around it or write.

    Raises
    ------
    InvalidMapping
        When it holds a second statement, a comment, an open string or parenthesis, a backslash
        in a string, or a word that writes.
    """
    depth = 0
    for kind, token in _tokens(sql):
        depth += {"(": 1, ")": -1}.get(token, 0)
        problem = _problem(kind, token)
        if depth < 0:
            problem = "closes a parenthesis that it did not open"
        if problem:
            raise InvalidMapping(field, problem)
    if depth:
        raise InvalidMapping(field, "leaves a parenthesis open")
    if not sql.strip():
        raise InvalidMapping(field, "is empty")
    return sql.strip()


def _tokens(sql: str) -> Iterator[tuple[str, str]]:
    for match in TOKEN.finditer(sql):
        yield str(match.lastgroup), match.group()


def _problem(kind: str, token: str) -> str | None:
    if kind == "comment":
        return f"holds a comment ({token}); comments are refused, whatever they hide"
    if kind == "word" and token.lower() in WRITING_WORDS:
        return f"holds {token.upper()}; only reading is allowed"
    if kind == "other":
        return _problem_of_character(token)
    return None


def _problem_of_character(character: str) -> str | None:
    if character == ";":
        return "holds a semicolon; one statement is allowed"
    if character in "'\"`\\":
        return f"holds an unmatched {character} (or a backslash within a string)"
    if character == "\0" or (character == "$"):
        return "holds a $ outside of a name; dollar quoting is refused"
    return None
