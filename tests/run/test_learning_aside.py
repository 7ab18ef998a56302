"""A run over many customers learns while nobody else wants a processor; one over few at once."""

from collections.abc import Callable

import pytest

from backend.database.engine import opened
from backend.run import perform as performing
from backend.run.learn import Learned
from tests.conftest import NewDatabase
from tests.performed import clustered, clustered_shop


@pytest.mark.parametrize(("many", "is_aside"), [(80, True), (81, False)])
async def test_many_are_learnt_from_in_idle_time(
    new_sqlite: NewDatabase, monkeypatch: pytest.MonkeyPatch, many: int, *, is_aside: bool
) -> None:
    learnt = list[Learned]()

    def noting(work: Callable[[], Learned]) -> Learned:
        learnt.append(work())
        return learnt[-1]

    monkeypatch.setattr(performing, "MANY_CUSTOMERS", many)
    monkeypatch.setattr(performing, "in_idle_time", noting)
    url = new_sqlite(clustered_shop)
    async with opened(url) as engine:
        report = await clustered(engine, url)
    assert report["customers"]["total"] == 80
    assert bool(learnt) is is_aside
