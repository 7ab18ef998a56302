import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from backend.core.errors import DatabaseRefuses, InvalidMapping
from backend.database.engine import AsyncEngine, create_engine, snapshot
from backend.shop.orders import ShopColumns
from tests.conftest import in_turns
from tests.shop.loose_shop import insert, loose_shop, make_tables, shop_over
from tests.snapshots import read_baskets, read_shop

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def at(engine: AsyncEngine, text: str | None) -> Any:
    if text is None or engine.dialect.name == "sqlite":
        return text
    return datetime.fromisoformat(text)


async def shop_with(
    engine: AsyncEngine, orders: Sequence[tuple[Any, ...]], **variables: str
) -> ShopColumns:
    rows = [(*row[:3], at(engine, row[3]), row[4]) for row in orders]
    shop = await loose_shop(
        engine, [(1, None, None, None), (2, None, None, None)], rows, **variables
    )
    return await read_shop(engine, shop, AS_OF, now=NOW)


def order(id_: Any = 10, customer: Any = 1, total: Any = "10.00", **fields: Any) -> tuple[Any, ...]:
    return (
        id_,
        customer,
        None if total is None else Decimal(total),
        fields.get("created_at", "2026-01-01 10:00:00"),
        fields.get("status", "paid"),
    )


async def test_every_customer_is_read_also_those_without_orders(shop_engine: AsyncEngine) -> None:
    columns = await shop_with(shop_engine, [order(customer=2)])
    assert columns.customer_ids.tolist() == [1, 2]
    assert columns.customer_index.tolist() == [1]
    assert columns.created_at[0] == np.datetime64("2026-01-01T10:00:00", "us")
    assert columns.amount_micros.tolist() == [10_000_000]
    assert columns.rejected == {}


async def test_a_shop_without_rows_is_read(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, [], [])
    columns = await read_shop(shop_engine, shop, AS_OF)
    assert len(columns.customer_ids) == len(columns.customer_index) == 0


@in_turns
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (order(customer=None), "null_customer"),
        (order(customer=99), "unknown_customer"),
        (order(created_at=None), "null_date"),
        (order(created_at="2026-07-01 00:00:01"), "future_date"),
        (order(created_at="2026-06-01 00:00:00"), "after_as_of"),
        (order(status="pending"), "not_counted_status"),
        (order(status="VOIDED"), "cancelled"),
        (order(status="refunded"), "refunded"),
        (order(total="0"), "not_positive"),
        (order(total="-3"), "not_positive"),
        (order(total=None), "null_amount"),
        (order(total="1000000000000"), "absurd_amount"),
    ],
)
async def test_an_order_that_does_not_count_is_left_out_with_its_reason(
    shop_engine: AsyncEngine, row: tuple[Any, ...], reason: str
) -> None:
    columns = await shop_with(shop_engine, [order(1), row, order(2)])
    assert columns.rejected == {reason: 1}
    assert columns.customer_index.tolist() == [0, 0]


@in_turns
@pytest.mark.parametrize("status", [None, "", "paid", " Paid ", "authorized", "partially_refunded"])
async def test_a_missing_or_counted_status_counts(
    shop_engine: AsyncEngine, status: str | None
) -> None:
    columns = await shop_with(shop_engine, [order(status=status)])
    assert len(columns.amount_micros) == 1


async def test_status_lists_are_configurable_and_may_hold_quotes(shop_engine: AsyncEngine) -> None:
    rows = [order(1, status="it's ok"), order(2, status="paid"), order(3, status="gone")]
    columns = await shop_with(
        shop_engine, rows, COUNTED_STATUSES="it's ok, gone", CANCELLED_STATUSES="gone"
    )
    assert columns.rejected == {"not_counted_status": 1, "cancelled": 1}


async def test_the_earliest_row_of_an_order_id_is_kept(shop_engine: AsyncEngine) -> None:
    rows = [
        order(1, total="7", created_at="2026-02-01 00:00:00"),
        order(1, total="5", created_at="2026-01-01 00:00:00"),
        order(2),
        order(None),
        order(None),
    ]
    columns = await shop_with(shop_engine, rows)
    assert columns.rejected == {"duplicate_order_id": 1}
    assert sorted(columns.amount_micros) == [5_000_000, 10_000_000, 10_000_000, 10_000_000]


async def test_no_cent_is_lost(shop_engine: AsyncEngine) -> None:
    cents = [1, 7, 10, 1999, 99_999_999_99, 123_456_789_01]
    rows = [order(n, total=Decimal(value) / 100) for n, value in enumerate(cents)]
    columns = await shop_with(shop_engine, rows)
    assert sorted(columns.amount_micros) == [cent * 10_000 for cent in cents]


async def test_text_ids_stay_text_and_keep_their_case(shop_engine: AsyncEngine) -> None:
    when = at(shop_engine, "2026-01-01 10:00:00")
    customers = [(id_, None, None, None) for id_ in ("cus_b", "CUS_b", 'guest:é@x, "q"', "x")]
    orders = [
        ("o1", "cus_b", 10, when, None),
        ("o2", 'guest:é@x, "q"', 10, when, None),
        ("o2", "x", 10, when, None),
        ("o3", "", 10, when, None),
        ("o4", "cus_B", 10, when, None),
    ]
    shop = await loose_shop(shop_engine, customers, orders, id_type="varchar(40)")
    columns = await read_shop(shop_engine, shop, AS_OF)
    assert columns.customer_ids.tolist() == sorted(row[0] for row in customers)
    owners = [columns.customer_ids[place] for place in columns.customer_index]
    assert len(owners) == 2
    assert owners[0] == "cus_b"
    assert columns.rejected == {
        "duplicate_order_id": 1,
        "null_customer": 1,
        "unknown_customer": 1,
    }


async def test_minor_units_and_partial_refunds_are_taken_off(shop_engine: AsyncEngine) -> None:
    await make_tables(
        shop_engine,
        [
            "CREATE TABLE c (id bigint)",
            "CREATE TABLE o (id bigint, customer_id bigint, total_price bigint, back bigint,"
            " created_at TIME)",
        ],
    )
    when = at(shop_engine, "2026-01-01 10:00:00")
    await insert(shop_engine, "c", [(1,)])
    orders = [(1, 1, 1999, 500, when), (2, 1, 1000, None, when), (3, 1, 1000, 1000, when)]
    await insert(shop_engine, "o", orders)
    shop = shop_over(
        "c", "o", None, {"ORDERS_COLUMNS": "refunded_amount=back", "MONEY_SCALE": "100"}
    )
    columns = await read_shop(shop_engine, shop, AS_OF)
    assert sorted(columns.amount_micros) == [10_000_000, 14_990_000]
    assert columns.rejected == {"refunded_in_full": 1}


async def test_whole_amounts_of_32_bits_are_read_to_their_end(shop_engine: AsyncEngine) -> None:
    await make_tables(
        shop_engine,
        [
            "CREATE TABLE c (id integer)",
            "CREATE TABLE o (id integer, customer_id integer, total_price integer,"
            " currency_rate integer, created_at TIME)",
        ],
    )
    when = at(shop_engine, "2026-01-01 10:00:00")
    await insert(shop_engine, "c", [(1,)])
    await insert(shop_engine, "o", [(1, 1, 2_147_483_647, 3, when), (2, 1, 250_000, 3, when)])
    cents = shop_over("c", "o", None, {"MONEY_SCALE": "100"})
    columns = await read_shop(shop_engine, cents, AS_OF)
    assert sorted(columns.amount_micros) == [2_500_000_000, 21_474_836_470_000]
    converted = shop_over("c", "o", None, {"CURRENCY_RATE": "multiply"})
    columns = await read_shop(shop_engine, converted, AS_OF)
    assert sorted(columns.amount_micros) == [750_000_000_000, 6_442_450_941_000_000]


@in_turns
@pytest.mark.parametrize(
    ("currency", "amounts", "rejected"),
    [
        ({"CURRENCY": "eur"}, [10_000_000, 10_000_000], {"other_currency": 3}),
        ({"CURRENCY_RATE": "divide"}, [5_000_000, 10_000_000], {"no_rate": 3}),
        ({"CURRENCY_RATE": "multiply"}, [10_000_000, 20_000_000], {"no_rate": 3}),
    ],
)
async def test_one_currency_is_kept_or_all_are_converted(
    shop_engine: AsyncEngine,
    currency: dict[str, str],
    amounts: list[int],
    rejected: dict[str, int],
) -> None:
    await make_tables(
        shop_engine,
        [
            "CREATE TABLE c (id bigint)",
            "CREATE TABLE o (id bigint, customer_id bigint, total_price MONEY, currency varchar(9),"
            " currency_rate MONEY, created_at TIME)",
        ],
    )
    when = at(shop_engine, "2026-01-01 10:00:00")
    await insert(shop_engine, "c", [(1,)])
    rows = [
        (1, 1, 10, "EUR", 1, when),
        (2, 1, 10, "USD", 2, when),
        (3, 1, 10, None, 0, when),
        (4, 1, 10, "USD", -2, when),
        (5, 1, 10, " eur", None, when),
    ]
    await insert(shop_engine, "o", rows)
    columns = await read_shop(shop_engine, shop_over("c", "o", None, currency), AS_OF)
    assert sorted(columns.amount_micros) == amounts
    assert columns.rejected == rejected


@in_turns
@pytest.mark.parametrize("variables", [{"CURRENCY": "EUR"}, {"CURRENCY_RATE": "divide"}])
async def test_a_currency_that_the_orders_do_not_name_is_refused(
    shop_engine: AsyncEngine, variables: dict[str, str]
) -> None:
    with pytest.raises(InvalidMapping, match=r"orders\.currency.* and the orders have none"):
        await shop_with(shop_engine, [order()], **variables)


async def test_the_hour_that_clocks_show_twice_or_never_is_read(shop_engine: AsyncEngine) -> None:
    rows = [
        order(1, created_at="2025-10-26 02:30:00"),  # twice: the first, still in summer
        order(2, created_at="2025-10-26 03:00:00"),
        order(3, created_at="2026-03-29 02:30:00"),  # never: as if it were still winter
        order(4, created_at="2026-03-29 03:00:00"),
    ]
    columns = await shop_with(shop_engine, rows, SHOP_TIME_ZONE="Europe/Berlin")
    assert sorted(columns.created_at.astype(str)) == [
        "2025-10-26T00:30:00.000000",
        "2025-10-26T02:00:00.000000",
        "2026-03-29T01:00:00.000000",
        "2026-03-29T01:30:00.000000",
    ]


async def test_naive_times_are_converted_from_the_shops_zone(shop_engine: AsyncEngine) -> None:
    rows = [
        order(1, created_at="2026-01-15 12:00:00.123456"),
        order(2, created_at="2026-07-15 12:00:00"),
        order(3, created_at="2026-06-01 01:59:59"),
    ]
    shop = await loose_shop(
        shop_engine,
        [(1, None, None, None)],
        [(*row[:3], at(shop_engine, row[3]), row[4]) for row in rows],
        SHOP_TIME_ZONE="Europe/Berlin",
    )
    columns = await read_shop(shop_engine, shop, AS_OF + timedelta(days=60))
    assert sorted(columns.created_at.astype(str)) == [
        "2026-01-15T11:00:00.123456",
        "2026-05-31T23:59:59.000000",
        "2026-07-15T10:00:00.000000",
    ]


async def test_times_that_know_their_zone_are_not_shifted(shop_engine: AsyncEngine) -> None:
    aware = {"postgresql": "timestamptz", "mysql": "timestamp", "sqlite": "text"}
    kind = aware[shop_engine.dialect.name]
    layout = f"id bigint, customer_id bigint, total_price numeric(9,2), created_at {kind}"
    ddl = f"CREATE TABLE o ({layout})"
    async with shop_engine.begin() as connection:
        await connection.exec_driver_sql(ddl)
        await connection.exec_driver_sql("CREATE TABLE c (id bigint)")
        await connection.exec_driver_sql("INSERT INTO c VALUES (1)")
        zone = "" if shop_engine.dialect.name == "mysql" else "+02:00"
        values = f"(1, 1, 5, '2026-01-15 12:00:00{zone}')"
        await connection.exec_driver_sql(f"INSERT INTO o VALUES {values}")
    shop = shop_over("c", "o", None, {"SHOP_TIME_ZONE": "America/New_York"})
    columns = await read_shop(shop_engine, shop, AS_OF)
    hour = 12 if shop_engine.dialect.name == "mysql" else 10
    assert columns.created_at[0] == np.datetime64(f"2026-01-15T{hour}:00:00", "us")


async def test_text_dates_of_all_iso_forms_are_read(shop_engine: AsyncEngine) -> None:
    await make_tables(
        shop_engine,
        [
            "CREATE TABLE c (id bigint)",
            "CREATE TABLE o (id bigint, customer_id bigint, total_price MONEY,"
            " created_at varchar(40))",
        ],
    )
    await insert(shop_engine, "c", [(1,)])
    texts = [
        "2026-01-02",
        "2026-01-02 03:04",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05.678901",
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05+01:00",
        "02/01/2026",
        "",
        "2026-02-31",
    ]
    await insert(shop_engine, "o", [(n, 1, 5, text) for n, text in enumerate(texts)])
    columns = await read_shop(shop_engine, shop_over("c", "o", None, {}), AS_OF)
    assert columns.rejected == {"null_date": 3}
    assert sorted(columns.created_at.astype(str))[0] == "2026-01-02T00:00:00.000000"
    assert "2026-01-02T02:04:05.000000" in columns.created_at.astype(str)


async def test_seconds_since_1970_are_read(shop_engine: AsyncEngine) -> None:
    await make_tables(
        shop_engine,
        [
            "CREATE TABLE c (id bigint)",
            "CREATE TABLE o (id bigint, customer_id bigint, total_price MONEY, created_at bigint)",
        ],
    )
    await insert(shop_engine, "c", [(1,)])
    await insert(shop_engine, "o", [(1, 1, 5, 1_767_225_600), (2, 1, 5, None)])
    columns = await read_shop(shop_engine, shop_over("c", "o", None, {}), AS_OF)
    assert columns.created_at.astype(str).tolist() == ["2026-01-01T00:00:00.000000"]
    assert columns.rejected == {"null_date": 1}


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
async def test_what_was_before_the_first_year_is_no_date(
    shop_engine: AsyncEngine, zone: str
) -> None:
    """What .NET writes for no date lies in the year 0 where the shop is east of Greenwich."""
    orders = [order(10), order(11, created_at="0001-01-01 00:00:00")]
    columns = await shop_with(shop_engine, orders, SHOP_TIME_ZONE=zone)
    # PostgreSQL is asked for nothing before 1900.
    is_none = zone == "Pacific/Auckland" or shop_engine.dialect.name == "postgresql"
    assert columns.rejected == ({"null_date": 1} if is_none else {})


async def test_zero_dates_nan_and_infinity_are_left_out(shop_engine: AsyncEngine) -> None:
    dialect = shop_engine.dialect.name
    bad = {
        "postgresql": ["('NaN', '2026-01-01')", "('Infinity', '2026-01-01')", "(5, 'infinity')"],
        "mysql": ["(5, '0000-00-00 00:00:00')", "(1e300, '2026-01-01')"],
        "sqlite": ["(9e999, '2026-01-01')", "('much', '2026-01-01')", "(5, '0000-00-00')"],
    }[dialect]
    kind = {"postgresql": "float8", "mysql": "double", "sqlite": "numeric"}[dialect]
    await make_tables(
        shop_engine,
        [
            "CREATE TABLE c (id bigint)",
            f"CREATE TABLE o (total_price {kind}, created_at TIME, id bigint, customer_id bigint)",
        ],
    )
    await insert(shop_engine, "c", [(1,)])
    async with shop_engine.begin() as connection:
        if dialect == "mysql":
            await connection.exec_driver_sql("SET sql_mode = ''")
        for n, values in enumerate([*bad, "(5, '2026-01-01')"]):
            row = values.replace(")", f", {n}, 1)")
            await connection.exec_driver_sql(f"INSERT INTO o VALUES {row}")
    columns = await read_shop(shop_engine, shop_over("c", "o", None, {}), AS_OF)
    assert columns.amount_micros.tolist() == [5_000_000]
    assert sum(columns.rejected.values()) == len(bad)
    assert set(columns.rejected) <= {"absurd_amount", "null_date"}


async def test_guests_with_one_email_become_one_customer(shop_engine: AsyncEngine) -> None:
    when = at(shop_engine, "2026-01-01 10:00:00")
    customers = [(3, "A@x", "", ""), (1, "a@X ", "", ""), (2, None, "", ""), (4, "", "", "")]
    orders = [(n, customer, 10, when, None) for n, customer in enumerate([1, 3, 3, 2, 4, 9])]
    shop = await loose_shop(shop_engine, customers, orders, MERGE_GUESTS="true")
    columns = await read_shop(shop_engine, shop, AS_OF)
    assert columns.customer_ids.tolist() == [1, 2, 4]
    assert sorted(columns.customer_index) == [0, 0, 0, 1, 2]
    assert columns.rejected == {"unknown_customer": 1}


async def test_merging_tells_texts_apart_that_mysql_takes_for_equal(
    shop_engine: AsyncEngine,
) -> None:
    when = at(shop_engine, "2026-01-01 10:00:00")
    people = [
        ("a", "jose@x"),
        ("b", "josé@x"),
        ("c", " JOSE@x "),
        ("d", None),
        ("e", "  "),
        ("A", "other@x"),
        ("a ", "third@x"),
    ]
    customers = [(*person, None, None) for person in people]
    orders = [(f"o{n}", person[0], 10, when, None) for n, person in enumerate(people)]
    orders.append(("O1", "b", 10, when, None))
    lines = [(n, f"o{n}", 7, 1, None) for n in range(len(people))]
    shop = await loose_shop(
        shop_engine, customers, orders, lines, id_type="varchar(9)", MERGE_GUESTS="true"
    )
    columns = await read_shop(shop_engine, shop, AS_OF)
    counts = np.bincount(columns.customer_index).tolist()
    assert columns.rejected == {}
    assert dict(zip(columns.customer_ids.tolist(), counts, strict=True)) == {
        "A": 1,
        "a": 2,
        "a ": 1,
        "b": 2,
        "d": 1,
        "e": 1,
    }
    baskets = await read_baskets(shop_engine, shop, columns)
    assert baskets is not None
    assert baskets.lines.tolist() == [1, 2, 1, 1, 1, 1]


async def test_progress_ends_at_the_number_of_orders(shop_engine: AsyncEngine) -> None:
    when = at(shop_engine, "2026-01-01 10:00:00")
    shop = await loose_shop(
        shop_engine, [(1, "", "", "")], [(n, 1, 10, when, None) for n in range(200)]
    )
    seen: list[int] = []
    await read_shop(shop_engine, shop, AS_OF, seen.append)
    assert seen[-1] == 200


async def test_baskets_are_aggregated_per_customer(shop_engine: AsyncEngine) -> None:
    when = at(shop_engine, "2026-01-01 10:00:00")
    late = at(shop_engine, "2026-06-01 10:00:00")
    customers = [(n, "", "", "") for n in (1, 2, 3)]
    orders = [
        (10, 1, 10, when, "paid"),
        (11, 1, 10, when, None),
        (12, 1, 10, when, "voided"),
        (13, 1, 10, late, "paid"),
        (20, 2, 10, when, "paid"),
    ]
    lines = [
        (1, 10, 100, 2, "Acme"),
        (2, 10, 101, 1, "Acme"),
        (3, 11, 100, 1, "Bolt"),
        (4, 12, 102, 9, "Void"),
        (5, 13, 103, 9, "Late"),
        (6, 20, None, 4, None),
    ]
    shop = await loose_shop(shop_engine, customers, orders, lines)
    columns = await read_shop(shop_engine, shop, AS_OF)
    baskets = await read_baskets(shop_engine, shop, columns)
    assert baskets is not None
    np.testing.assert_array_equal(baskets.lines, [3, 1, np.nan])
    np.testing.assert_array_equal(baskets.units, [4, 4, np.nan])
    np.testing.assert_array_equal(baskets.distinct_products, [2, 0, np.nan])
    np.testing.assert_array_equal(baskets.repeated_products, [1, 0, np.nan])
    np.testing.assert_array_equal(baskets.distinct_vendors, [2, np.nan, np.nan])


async def test_a_shop_without_lines_has_no_baskets(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, [(1, "", "", "")], [])
    columns = await read_shop(shop_engine, shop, AS_OF)
    assert await read_baskets(shop_engine, shop, columns) is None


async def test_a_missing_table_or_column_is_named(shop_engine: AsyncEngine) -> None:
    await make_tables(shop_engine, ["CREATE TABLE c (id bigint)"])
    shop = shop_over("c", "nowhere", None, {})
    with pytest.raises(InvalidMapping, match="nowhere"):
        await read_shop(shop_engine, shop, AS_OF)
    shop = shop_over("c", "o", None, {"CUSTOMERS_COLUMNS": "id=idd"})
    with pytest.raises(
        InvalidMapping, match=re.escape("'idd', which does not exist; there are id")
    ):
        await read_shop(shop_engine, shop, AS_OF)


def quoted(engine: AsyncEngine, name: str) -> str:
    return engine.dialect.identifier_preparer.quote_identifier(name)


async def odd_tables(engine: AsyncEngine, schema: str = "") -> None:
    """Make tables with names that only quoting can reach."""
    q = partial(quoted, engine)
    where = f"{q(schema)}." if schema else ""
    await make_tables(
        engine,
        [
            f"CREATE TABLE {where}{q('x-Customer')} ({q('Id')} bigint, {q('E-Mail')} varchar(9))",
            f"CREATE TABLE {where}{q('x-order')} ({q('Id')} bigint, {q('customerId')} bigint,"
            f" {q('group')} MONEY, {q('When')} TIME, {q('select')} varchar(9))",
        ],
    )
    when = at(engine, "2026-01-01 10:00:00")
    await insert(engine, f"{where}{q('x-Customer')}", [(1, "a@x"), (2, "b@x")])
    rows = [(1, 1, 5, when, "paid"), (2, 1, 6, when, "5%"), (3, 2, 7, when, "12:30")]
    await insert(engine, f"{where}{q('x-order')}", rows)


ODD_COLUMNS = {
    "CUSTOMERS_COLUMNS": "id=Id,email=E-Mail",
    "ORDERS_COLUMNS": "id=Id,customer_id=customerId,total_price=group,created_at=When,"
    "financial_status=select",
    "COUNTED_STATUSES": "paid,5%,12:30",
}


@pytest.mark.parametrize("as_query", [False, True])
@pytest.mark.parametrize("with_schema", [False, True])
async def test_reserved_and_mixed_case_names_are_quoted_behind_schema_and_prefix(
    shop_engine: AsyncEngine, as_query: bool, with_schema: bool
) -> None:
    schema = ""
    if with_schema and shop_engine.dialect.name == "postgresql":
        schema = "My Shop"
        await make_tables(shop_engine, [f'CREATE SCHEMA "{schema}"'])
    elif with_schema:
        schema = shop_engine.url.database or ""
        schema = "" if shop_engine.dialect.name == "sqlite" else schema
    await odd_tables(shop_engine, schema)
    variables = {"TABLE_PREFIX": "x-", "TABLE_SCHEMA": schema, **ODD_COLUMNS}
    names = {
        False: ("Customer", "order"),
        True: ("SELECT * FROM {Customer}", "SELECT * FROM {order};"),
    }
    shop = shop_over(*names[as_query], None, variables)
    columns = await read_shop(shop_engine, shop, AS_OF)
    assert columns.rejected == {}
    assert sorted(columns.amount_micros) == [5_000_000, 6_000_000, 7_000_000]


async def test_filters_and_queries_may_hold_percents_colons_and_braces(
    shop_engine: AsyncEngine,
) -> None:
    await odd_tables(shop_engine)
    q = partial(quoted, shop_engine)
    status = q("select")
    query = f"SELECT * FROM {{x-order}} WHERE {status} <> '{{x-order}}' AND {status} LIKE '%:3%'"
    for table, condition, amounts in (
        (query, None, [7_000_000]),
        ("x-order", f"{q('Id')} % 2 = 0 AND {status} LIKE '5%'", [6_000_000]),
        ("x-order", f"{status} = '12:30' OR {status} = ':x'", [7_000_000]),
    ):
        variables = {**ODD_COLUMNS, **({"ORDERS_FILTER": condition} if condition else {})}
        shop = shop_over("x-Customer", table, None, variables)
        columns = await read_shop(shop_engine, shop, AS_OF)
        assert columns.amount_micros.tolist() == amounts


@in_turns
@pytest.mark.parametrize(
    ("condition", "said"),
    [("nowhere = 1", r"orders\.filter is refused by the database: "), ("1 =", "cannot be read")],
)
async def test_a_filter_that_the_database_refuses_is_named(
    shop_engine: AsyncEngine, condition: str, said: str
) -> None:
    with pytest.raises(InvalidMapping, match=said):
        await shop_with(shop_engine, [order()], ORDERS_FILTER=condition)


async def test_a_query_that_fails_on_a_row_is_one_sentence_without_the_value(
    postgres_url: str,
) -> None:
    engine = create_engine(postgres_url)
    when = AS_OF.replace(tzinfo=None) - timedelta(days=9)
    await loose_shop(engine, [(1, "secret@x", "", "")], [(1, 1, 5, when, None)])
    broken = "SELECT CAST(email AS integer) AS id FROM c"
    stranger = "SELECT o.*, CAST(c.email AS integer) AS rate FROM o JOIN c ON c.id = o.customer_id"
    for shop in (
        shop_over(broken, "o", None, {}),
        shop_over(
            "c", stranger, None, {"ORDERS_COLUMNS": "currency_rate=rate", "CURRENCY_RATE": "divide"}
        ),
    ):
        with pytest.raises(InvalidMapping, match="cannot be read: invalid input syntax") as caught:
            await read_shop(engine, shop, AS_OF)
        assert "secret" not in str(caught.value)
    await engine.dispose()


async def test_reading_cannot_write(shop_engine: AsyncEngine) -> None:
    await make_tables(shop_engine, ["CREATE TABLE c (id bigint)"])
    with pytest.raises(DatabaseRefuses, match="can only be read"):
        async with snapshot(shop_engine) as connection:
            await connection.execute(text("INSERT INTO c VALUES (1)"))
    async with shop_engine.begin() as connection:
        await connection.execute(text("INSERT INTO c VALUES (1)"))


async def test_a_reader_that_is_cancelled_leaves_a_connection_that_may_write(
    shop_engine: AsyncEngine,
) -> None:
    await make_tables(shop_engine, ["CREATE TABLE c (id bigint)"])
    reads = asyncio.Event()

    async def read_for_ever() -> None:
        async with snapshot(shop_engine) as connection:
            await connection.execute(text("SELECT * FROM c"))
            reads.set()
            await asyncio.Event().wait()

    reader = asyncio.create_task(read_for_ever())
    await reads.wait()
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    async with shop_engine.begin() as connection:
        await connection.execute(text("INSERT INTO c VALUES (1)"))
