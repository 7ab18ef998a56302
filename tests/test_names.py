"""One word, one thing: no module and no public class of the backend has another's name."""

import ast
import re
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


def test_the_glossary_has_every_term_once_in_order_and_where_it_lives() -> None:
    rows = [line.split("|") for line in Path("docs/glossary.md").read_text().splitlines()]
    terms = [row[1].strip(" `").replace("`", "").casefold() for row in rows if len(row) == 5][2:]
    assert twice(terms) == []
    assert terms == sorted(terms)
    places = [
        place for row in rows if len(row) == 5 for place in re.findall(r"`(\S+/\S*)`", row[3])
    ]
    assert [place for place in places if not (Path("backend") / place).exists()] == []
