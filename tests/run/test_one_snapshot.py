"""A run sees one state of the shop, asks for it once, and works out nothing twice."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from sqlalchemy import Engine, event

from backend import store
from backend.database.engine import READ_ONLY, AsyncEngine, create_engine
from backend.results.run_report import RunReport
from backend.run.perform import perform
from backend.run.progress import Progress
from backend.segments.buyers import behaviour_of
from backend.shop.mapping.layers import load_mapping
from tests.conftest import execute, on_one_kind, wait_for
from tests.performed import claimed, config_of
from tests.remembered import remembering
from tests.shops import fill, invented

CHANGES = (
    "UPDATE orders SET financial_status = 'unheard_of'",
    "DELETE FROM order_line_items",
    "DELETE FROM customers WHERE id > 10",
)


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """Every test here begins with our tables."""
    return migrated_url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database_url)
    yield made
    await made.dispose()


class Meddling(Progress):
    """Changes the shop through another connection, once some orders have been read."""

    url: str
    meddled: bool = False

    def count(self, **counts: int) -> None:
        if not self.meddled:
            self.meddled = True
            wait_for(execute(self.url, *CHANGES))
        super().count(**counts)


async def report_of(
    engine: AsyncEngine, url: str, progress: Progress, *, anew: bool = False
) -> RunReport:
    run_id = await claimed(engine)
    with nullcontext() if anew else remembering():
        await perform(config_of(url), run_id, "mine", progress)
    report = await store.read_report(engine, run_id)
    assert report is not None
    return report


async def test_a_shop_that_changes_while_it_is_read_is_seen_as_it_was(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented(80))
    calm = await report_of(engine, database_url, Progress())
    meddling = Meddling()
    meddling.url = database_url
    meddled = await report_of(engine, database_url, meddling)
    assert meddling.meddled
    assert meddled.orders == calm.orders
    assert meddled.customers == calm.customers
    assert meddled.readiness == calm.readiness
    baskets = [segment.characteristics.basket_size for segment in meddled.segments]
    assert baskets == [segment.characteristics.basket_size for segment in calm.segments]
    after = await report_of(engine, database_url, Progress())
    assert after.customers.total == 10
    assert "unknown_status" in {finding.code for finding in after.readiness.findings}


@on_one_kind
async def test_a_shop_that_changes_after_it_is_read_is_not_looked_at_again(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented(80))
    calm = await report_of(engine, database_url, Progress())

    class Later(Progress):
        def enter(self, stage: str, rows: int | None = None) -> None:
            if stage == "forecast":
                wait_for(execute(database_url, *CHANGES))
            super().enter(stage, rows)

    later = await report_of(engine, database_url, Later())
    assert later.readiness == calm.readiness
    assert later.customers == calm.customers


READ_ONLY_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is sent to any database by way of SQLAlchemy."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(" ".join(statement.split()))

    def begin(connection: Any) -> None:
        if connection.get_execution_options().get("postgresql_readonly"):
            sent.append(READ_ONLY_BEGIN)

    listeners = (("before_cursor_execute", note), ("begin", begin))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield sent
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


async def test_the_shop_is_read_in_one_transaction_and_each_table_is_probed_once(
    engine: AsyncEngine, database_url: str
) -> None:
    await fill(database_url, invented(60))
    with statements() as sent:
        await report_of(engine, database_url, Progress())
    # PostgreSQL is told with BEGIN itself.
    (*_, begins) = READ_ONLY[engine.dialect.name] or (READ_ONLY_BEGIN,)
    assert sent.count(begins) == 1
    probes = [one for one in sent if one.startswith("SELECT * FROM")]
    ours = [one for one in probes if "customer_intelligence" in one]
    assert len(ours) == (0 if engine.dialect.name == "sqlite" else 2)  # before and when publishing
    of_the_shop = [one for one in probes if one not in ours]
    assert len(of_the_shop) == len(set(of_the_shop)) == 3


def arguments_of(real: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the first argument of every call of a function, whoever of ours calls it."""
    given: list[Any] = []

    def noted(first: Any, *others: Any) -> Any:
        given.append(first)
        return real(first, *others)

    for name, module in list(sys.modules.items()):
        if name.startswith("backend.") and getattr(module, real.__name__, None) is real:
            monkeypatch.setattr(module, real.__name__, noted)
    return given


@on_one_kind
async def test_the_mapping_is_parsed_once_and_no_history_is_summed_up_twice(
    engine: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database_url, invented(60))
    parsed = arguments_of(load_mapping, monkeypatch)
    summed_up = arguments_of(behaviour_of, monkeypatch)
    await report_of(engine, database_url, Progress(), anew=True)
    assert len(parsed) == 1
    assert len(summed_up) == len({id(history) for history in summed_up}) > 0
