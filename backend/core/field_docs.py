"""The text beneath each field of a class, which Python itself does not keep."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise


@cache
def field_docs(cls: type) -> Mapping[str, str]:
    """Return what is written beneath the fields of a class, inherited ones included.

    Empty where the source is not at hand.
    """
    docs: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        docs |= _docs_by_class(one.__module__).get(one.__name__, {})
    return docs


@cache
def _docs_by_class(module: str) -> Mapping[str, Mapping[str, str]]:
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return {}
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {node.name: dict(_documented(node)) for node in classes}


def _documented(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(node.body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())
