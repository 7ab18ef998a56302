"""How much one call of a mapping's SQL may be told to make: widths are numbers, and small ones.

`lpad(email, 1000000000)` reads one value and makes a gigabyte of it. What grows by being said
often, as texts that are put together or tables joined without a condition, is bounded by the
server's own memory and by RUN_STATEMENT_SECONDS.
"""

import re
from collections.abc import Sequence

from sqlglot import Token, TokenType, exp

MOST_TOKENS = 6_000  # half a second of the parser's
MOST_SUBSCRIPTS = 50  # each costs the parser as much as all that are ahead of it
WIDEST = 1_000
PADDED_TYPES = {
    *(exp.DType.CHAR, exp.DType.NCHAR, exp.DType.BINARY, exp.DType.BIT, exp.DType.BPCHAR),
    *(exp.DType.DECIMAL, exp.DType.UDECIMAL),
}
FORMATTING = {"printf", "format"}
NUMBER_OR_STAR = re.compile(r"\*|\d+")


def takes_long_to_read(tokens: Sequence[Token]) -> str | None:
    """Return why SQL would cost the parser too much, if it would."""
    if len(tokens) > MOST_TOKENS:
        return f"is longer than {MOST_TOKENS:,} words and signs"
    if sum(token.token_type is TokenType.L_BRACKET for token in tokens) > MOST_SUBSCRIPTS:
        return f"holds more than {MOST_SUBSCRIPTS} subscripts"
    return None


def makes_much(node: exp.Expr) -> str | None:
    """Return why a node would make more out of one value than is worth reading, if it would."""
    if isinstance(node, exp.Pad) and not _is_narrow(node.expression):
        return f"pads to a width that is not a number up to {WIDEST:,}"
    if _is_wide_type(node):
        return f"casts to a type wider than {WIDEST:,}"
    if _is_format(node) and not _is_plain_format(node):
        return f"formats by what is not plain text, or to a width above {WIDEST:,}"
    return None


def _is_wide_type(node: exp.Expr) -> bool:
    if not isinstance(node, exp.DataType) or node.this not in PADDED_TYPES:
        return False
    return not all(_is_narrow(one.this) for one in node.find_all(exp.DataTypeParam))


def _is_narrow(width: exp.Expr) -> bool:
    return isinstance(width, exp.Literal) and width.name.isdecimal() and _is_small(width.name)


def _is_small(digits: str) -> bool:
    return len(digits) <= len(str(WIDEST)) and int(digits) <= WIDEST


def _is_format(node: exp.Expr) -> bool:
    called_so = isinstance(node, exp.Anonymous) and node.name.lower() in FORMATTING
    return called_so or isinstance(node, exp.Format)


def _is_plain_format(node: exp.Expr) -> bool:
    """Whether the widths in a format are numbers, and small; a star takes one from a value."""
    first = node.this if isinstance(node, exp.Format) else next(iter(node.expressions), None)
    if not isinstance(first, exp.Literal) or not first.is_string:
        return False
    return all(one != "*" and _is_small(one) for one in NUMBER_OR_STAR.findall(first.name))
