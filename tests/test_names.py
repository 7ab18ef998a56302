"""One word, one thing: no module and no public class of the backend has another's name."""

import ast
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

MODULES = sorted(Path("backend").rglob("*.py"))
SHARED = {"__init__", "routes", "schema", "example"}


def twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def test_no_two_modules_share_a_name() -> None:
    assert twice(module.stem for module in MODULES if module.stem not in SHARED) == []


def test_no_two_public_classes_share_a_name() -> None:
    trees = (ast.parse(module.read_text()) for module in MODULES)
    classes = (node.name for tree in trees for node in ast.walk(tree) if type(node) is ast.ClassDef)
    assert twice(name for name in classes if not name.startswith("_")) == []
