"""Which database is asked which case in `make test`."""

import pytest

from tests.turns import whose_turn

KINDS = ("sqlite", "postgresql", "mariadb")


@pytest.mark.parametrize(
    ("cases", "asked"),
    [
        (1, [(0,), (0,), (0,)]),
        (2, [(0,), (1,), (0,)]),
        (3, [(0,), (1,), (2,)]),
        (7, [(0, 3, 6), (1, 4), (2, 5)]),
    ],
)
@pytest.mark.parametrize("by_kind", [True, False])
def test_every_case_and_every_database_has_a_turn(
    cases: int, asked: list[tuple[int, ...]], by_kind: bool
) -> None:
    told = [(kind, case) for kind in KINDS for case in range(cases)]
    told.sort(key=lambda one: KINDS.index(one[0]) if by_kind else one[1])
    stay = whose_turn([kind for kind, _ in told])
    found = {one for one, stays in zip(told, stay, strict=True) if stays}
    assert found == {(kind, case) for kind, ones in zip(KINDS, asked, strict=True) for case in ones}
