"""Order lines are aggregated as they stream by: what comes out is what pandas makes of them."""

import asyncio
import resource
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend.behaviour.baskets import Baskets
from backend.core.errors import NoRoomToSpill
from backend.database.engine import AsyncEngine, create_engine
from backend.database.scratch import scratch
from backend.database.warehouses.confined import SPILL_PREFIX
from backend.shop.orders import ShopColumns
from backend.shop.shop import Shop
from tests.conftest import NewDatabase
from tests.shop.loose_shop import insert, make_tables, shop_over
from tests.snapshots import read_baskets, read_shop

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
WHEN = datetime(2026, 1, 1, 10)  # noqa: DTZ001, as shops keep it
Line = tuple[Any, ...]
# id, customer, status; the third does not count, the fourth's customer is nobody's.
ORDERS = ((10, 1, "paid"), (11, 1, None), (12, 2, "voided"), (13, 9, "paid"), (14, 2, "paid"))
COUNTED = {10: 0, 11: 0, 14: 1}
CUSTOMERS = 3
# MySQL takes none of them for another; PostgreSQL has no NUL in a text, so it is tried apart.
PRODUCTS = ("Shirt", "Hat", "", "日本", "-")
VENDORS = ("Acme", "Ünal", "", 'o\'Neil "2",\n;')
QUANTITIES = tuple(map(Decimal, ("1", "2", "-3", "0", "0.25", "-0.5", "1e15", "-1e15", "7e20")))

lines_of_a_shop = st.lists(
    st.tuples(
        st.sampled_from([*(order for order, _, _ in ORDERS), 99, None]),
        st.none() | st.integers(-2, 5) | st.just(2**63 - 1),
        st.none() | st.sampled_from(PRODUCTS),
        st.none() | st.sampled_from(QUANTITIES),
        st.none() | st.sampled_from(VENDORS),
    ),
    max_size=40,
)


@dataclass(frozen=True, slots=True)
class Shops:
    """One shop by numbers and one by texts, whose lines are others in each example."""

    runner: asyncio.Runner
    engine: AsyncEngine
    read: dict[str, tuple[Shop, ShopColumns]]

    def baskets(self, name: str, lines: Sequence[Line]) -> Baskets:
        return self.runner.run(self._baskets(name, lines))

    async def _baskets(self, name: str, lines: Sequence[Line]) -> Baskets:
        async with self.engine.begin() as connection:
            await connection.execute(text(f"DELETE FROM l_{name}"))
        await insert(self.engine, f"l_{name}", lines)
        baskets = await read_baskets(self.engine, *self.read[name])
        assert baskets is not None
        return baskets


async def made(engine: AsyncEngine, name: str, id_type: str, product: str) -> tuple[Shop, Any]:
    def identity(number: int) -> Any:
        return number if id_type == "bigint" else f"#{number}"

    await make_tables(
        engine,
        [
            f"CREATE TABLE c_{name} (id {id_type}, email varchar(9), first_name varchar(9),"
            " last_name varchar(9))",
            f"CREATE TABLE o_{name} (id {id_type}, customer_id {id_type}, total_price MONEY,"
            " created_at TIME, financial_status varchar(9))",
            f"CREATE TABLE l_{name} (order_id {id_type}, {product}, quantity MONEY,"
            " vendor varchar(50))",
        ],
    )
    people = [(identity(1 + place), "", "", "") for place in range(CUSTOMERS)]
    when = WHEN.isoformat(" ") if engine.dialect.name == "sqlite" else WHEN
    orders = [(identity(o), identity(c), 5, when, status) for o, c, status in ORDERS]
    await insert(engine, f"c_{name}", people)
    await insert(engine, f"o_{name}", orders)
    shop = shop_over(f"c_{name}", f"o_{name}", f"l_{name}", {})
    # SQLite's columns have the types of what they hold, and are looked at once.
    await insert(engine, f"l_{name}", [(identity(99), 1 if id_type == "bigint" else "Hat", 1, "")])
    columns = await read_shop(engine, shop, AS_OF)
    await read_baskets(engine, shop, columns)
    return shop, columns


@pytest.fixture(scope="module")
def shops(new_module_database: NewDatabase) -> Iterator[Shops]:
    """Make both shops without lines."""
    with asyncio.Runner() as runner:
        engine = create_engine(new_module_database())
        numbers = runner.run(made(engine, "numbers", "bigint", "product_id bigint"))
        texts = runner.run(made(engine, "texts", "varchar(20)", "product_title varchar(50)"))
        yield Shops(runner, engine, {"numbers": numbers, "texts": texts})
        runner.run(engine.dispose())


def expected(lines: Sequence[tuple[Any, Any, Any, Any]]) -> pd.DataFrame:
    """Work out of order, product, quantity and vendor what each customer put into baskets."""
    counted = [(COUNTED[o], o, p, float(q) if q is not None else np.nan, v)
               for o, p, q, v in lines if o in COUNTED]  # fmt: skip
    names = ["buyer", "order", "product", "units", "vendor"]
    frame = pd.DataFrame(counted, columns=names).astype({"product": object, "vendor": object})
    units = frame.groupby(["buyer", "order"])["units"].sum(min_count=1)
    products = frame.dropna(subset="product").groupby(["buyer", "product"])["order"].nunique()
    by_buyer = frame.groupby("buyer")
    found = pd.DataFrame(
        {
            "orders": by_buyer["order"].nunique(),
            "lines": by_buyer.size(),
            "units": by_buyer["units"].sum(min_count=1),
            "units_squared": (units**2).groupby("buyer").sum(min_count=1),
            "distinct_products": by_buyer["product"].nunique(),
            "repeated_products": (products > 1).groupby("buyer").sum(),
            "distinct_vendors": by_buyer["vendor"].nunique(),
        }
    ).reindex(range(CUSTOMERS))
    has_lines = found["lines"].notna()
    found.loc[has_lines, "repeated_products"] = found["repeated_products"].fillna(0)
    found["distinct_vendors"] = found["distinct_vendors"].replace(0, np.nan)
    return found.astype(float)


def assert_same(found: Baskets, wanted: pd.DataFrame) -> None:
    for one in fields(found):
        np.testing.assert_allclose(
            getattr(found, one.name), wanted[one.name], rtol=1e-14, err_msg=one.name
        )


@settings(max_examples=12)
@given(lines=lines_of_a_shop)
def test_lines_by_number_come_to_what_pandas_makes_of_them(shops: Shops, lines: list[Line]) -> None:
    stored = [(o, p, q, v) for o, p, _, q, v in lines]
    assert_same(shops.baskets("numbers", stored), expected(stored))


@settings(max_examples=12)
@given(lines=lines_of_a_shop)
def test_lines_by_text_come_to_what_pandas_makes_of_them(shops: Shops, lines: list[Line]) -> None:
    stored = [(None if o is None else f"#{o}", t, q, v) for o, _, t, q, v in lines]
    assert_same(shops.baskets("texts", stored), expected([(o, t, q, v) for o, _, t, q, v in lines]))


def test_a_text_with_a_nul_is_another_than_its_beginning(shops: Shops) -> None:
    if shops.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL has no NUL in a text.")
    found = shops.baskets("texts", [("#10", "a\0b", 1, "x\0"), ("#10", "a\0c", 1, "x")])
    assert (found.distinct_products[0], found.distinct_vendors[0]) == (2, 2)


def test_texts_are_the_same_where_the_database_takes_them_for_the_same(shops: Shops) -> None:
    lines = [("#10", "Hat", 1, "ACME"), ("#11", "hat", 1, "Acme "), ("#11", "HAT ", 1, "acme")]
    folded = shops.engine.dialect.name == "mysql"
    found = shops.baskets("texts", lines)
    assert (found.distinct_products[0], found.distinct_vendors[0]) == ((1, 1) if folded else (3, 3))
    assert found.repeated_products[0] == (1 if folded else 0)


def rows(count: int) -> pa.Table:
    chance = np.random.default_rng(1)
    return pa.table({name: pa.array(chance.permutation(count)) for name in ("a", "b", "c")})


def folders() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{SPILL_PREFIX}*"))


def test_what_is_larger_than_memory_is_spilled_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch(memory_mib=48) as database:
        database.register("numbers", rows(2_000_000))
        database.execute("CREATE TABLE kept AS SELECT * FROM numbers")
        (folder,) = folders()
        assert any(folder.iterdir())
        (total,) = database.sql("SELECT sum(a), sum(b), count(*) FROM kept").fetchall()
    every = 2_000_000 * 1_999_999 // 2
    assert total == (every, every, 2_000_000)
    assert not folders()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let nothing more be written to a file of this process than a disk has room for."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def spill(memory_mib: int, numbers: int) -> None:
    with scratch(memory_mib) as database:
        database.register("numbers", rows(numbers))
        database.execute("CREATE TABLE kept AS SELECT * FROM numbers")


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with files_no_larger_than(1 << 20), pytest.raises(NoRoomToSpill, match=str(tmp_path)):
        spill(48, 4_000_000)
    assert not folders()


def test_it_writes_no_bar_between_what_a_command_tells() -> None:
    with scratch() as database:
        shown = database.sql("SELECT current_setting('enable_progress_bar')").fetchall()
    assert shown == [(False,)]


def test_it_reaches_no_files() -> None:
    with scratch() as database, pytest.raises(Exception, match="disabled by configuration"):
        database.execute("SELECT * FROM read_csv('/etc/hostname')")
