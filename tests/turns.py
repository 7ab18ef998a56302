"""Databases take turns where a test has many cases: `make test` asks each case on one of them.

The first case is asked on the first database, the second on the second, and so on round and round;
where there are fewer cases than databases, the first are asked once more. So each case and each
database has its share in `make test`, and `make test-all` asks every case on every database.

What takes turns may also be another parameter of the test, which the mark names: of five wrong
variables and four programs that refuse them, each variable is told to one program and each program
one variable. With `of_module=True` the cases are all the tests of a module that have it: the first
sentence is shown on the first database, the second on the second. That is for sentences about what
is above the databases, where any of them would do.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

FIXTURES = ("new_database", "new_module_database")


@pytest.hookimpl(tryfirst=True)  # ahead of what `-m` leaves out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long what a test that is `in_turns` asks on other databases."""
    families: dict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and (mark := item.get_closest_marker("in_turns")):
            families[_family(item, mark)].append(item)
    for tests in families.values():
        for test, stays in zip(tests, whose_turn([*map(_kind, tests)]), strict=True):
            if not stays:
                test.add_marker(pytest.mark.long)


def _family(test: pytest.Function, mark: pytest.Mark) -> str:
    return test.nodeid.partition("::" if mark.kwargs.get("of_module") else "[")[0]


def whose_turn(kinds: Sequence[str]) -> Sequence[bool]:
    """Tell which tests stay in `make test`, given the database of each, by the order of cases."""
    of_each, so_far = Counter(kinds), Counter[str]()
    places = {kind: place for place, kind in enumerate(of_each)}
    cases = max(of_each.values())
    turns = {(one % len(places), one % cases) for one in range(max(len(places), cases))}
    stay = []
    for kind in kinds:
        stay.append((places[kind], so_far[kind]) in turns)
        so_far[kind] += 1
    return stay


def _kind(test: pytest.Function) -> str:
    mark = test.get_closest_marker("in_turns")
    given = test.callspec.params
    return next(
        str(given[one]) for one in (*(mark.args if mark else ()), *FIXTURES) if one in given
    )
