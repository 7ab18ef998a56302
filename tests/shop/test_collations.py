"""On MySQL tables of one shop differ in how their texts compare: they are read all the same."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest

from backend.core.customer_id import CustomerId
from backend.core.errors import InvalidMapping
from backend.database.engine import opened, snapshot
from backend.database.kinds import Kind
from backend.database.listed import listed
from backend.shop.customers import customers_of_emails, get_customers
from backend.shop.mapping.layers import load_mapping
from backend.shop.products_bought import Members, read_products
from backend.shop.seen import inspect_shop
from backend.shop.shop import Shop as MappedShop
from backend.shop.whole_emails import EmailReads, customers_with_email
from tests.conftest import NewDatabase, execute, in_turns
from tests.shops import AS_OF, VARIABLES, Shop, fill, invented

pytestmark = pytest.mark.external

# Of the customers', the orders' and the lines' texts; "" leaves the ids the numbers that they are.
MIXES = [
    ("utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci"),
    ("utf8mb4_unicode_ci", "utf8mb3_general_ci", "latin1_swedish_ci"),
    ("cp1251_general_ci", "latin1_swedish_ci", "utf8mb4_unicode_ci"),
    ("utf8mb4_bin", "latin1_german1_ci", "utf8mb4_general_ci"),
    ("", "utf8mb4_unicode_ci", "latin1_swedish_ci"),
    ("utf8mb4_unicode_ci", "", "utf8mb4_unicode_520_ci"),
]


def texts(collation: str) -> str:
    return f"VARCHAR(60) CHARACTER SET {collation.partition('_')[0]} COLLATE {collation}"


async def filled(url: str, shop: Shop, mix: tuple[str, str, str]) -> None:
    await fill(url, shop)
    customers, orders, lines = mix
    changes = {
        "customers": {"id": customers, "email": customers, "first_name": customers},
        "orders": {"id": orders, "customer_id": orders, "financial_status": orders},
        "order_line_items": {"order_id": lines, "product_title": lines},
    }
    for table, columns in changes.items():
        parts = [f"MODIFY {name} {texts(one)}" for name, one in columns.items() if one]
        if parts:
            await execute(url, f"ALTER TABLE {table} {', '.join(parts)}")


def mapped(variables: Mapping[str, str]) -> MappedShop:
    return MappedShop(load_mapping({**VARIABLES, **variables}))


@in_turns("variables")
@pytest.mark.parametrize("mix", MIXES, ids="-".join)
@pytest.mark.parametrize("variables", [{}, {"MERGE_GUESTS": "true"}], ids=["alone", "merged"])
async def test_everybodys_orders_and_lines_are_read(
    mysql_url: str, mix: tuple[str, str, str], variables: dict[str, str]
) -> None:
    shop = invented(60)
    await filled(mysql_url, shop, mix)
    async with opened(mysql_url) as engine:
        inspected = await inspect_shop(engine, mapped(variables), AS_OF)
    seen = inspected.seen
    assert seen is not None, inspected.unreadable
    spent = np.bincount(seen.columns.customer_index, seen.columns.amount_micros, 60)
    found = dict(zip(map(int, seen.columns.customer_ids), spent, strict=True))
    expected = {row["id"]: float(shop.spent(row["id"]) * 1_000_000) for row in shop.customers}
    assert found == expected
    assert seen.baskets is not None
    lines = dict(zip(found, np.nan_to_num(seen.baskets.lines), strict=True))
    assert lines == {one: len(shop.counted(one)) for one in expected}


@pytest.mark.parametrize(
    "mix",
    [MIXES[0], *(pytest.param(one, marks=pytest.mark.long) for one in MIXES[1:3])],
    ids="-".join,
)
async def test_what_some_customers_bought_is_read(
    mysql_url: str, mix: tuple[str, str, str]
) -> None:
    shop = invented(60)
    await filled(mysql_url, shop, mix)
    members = Members(listed("mysql", ["3", "5", "ł"]), Kind.TEXT)
    since = AS_OF.replace(year=2000)
    async with opened(mysql_url) as engine, snapshot(engine) as connection:
        bought = await read_products(
            connection, mapped({}), members, since=since, until=AS_OF, limit=50
        )
    assert bought is not None
    assert sum(one.lines for one in bought.products) == len(shop.counted(3) + shop.counted(5))


@pytest.mark.parametrize("charset", ["latin1", "cp1251", "utf8mb3", "utf8mb4"])
async def test_a_letter_that_a_table_cannot_hold_is_nobodys(mysql_url: str, charset: str) -> None:
    shop = invented(10)
    await filled(mysql_url, shop, (f"{charset}_general_ci",) * 3)
    await execute(mysql_url, "UPDATE customers SET email = 'a?@example.org' WHERE id = '3'")
    here = mapped({})
    asked = ["3", "?", "ł", "Ω😀"]
    async with opened(mysql_url) as engine:
        async with snapshot(engine) as connection:
            found = await get_customers(connection, here, [CustomerId(one) for one in asked])
            emails = await customers_of_emails(
                connection, here, ["ał@example.org", "person4@example.com"]
            )
        reads = EmailReads()
        whole = await customers_with_email(engine, here, reads, "a😀@example.org", 5)
        known = await customers_with_email(engine, here, reads, "PERSON4@example.com", 5)
    assert [one.text for one in found] == ["3"]
    assert {email: len(them) for email, them in emails.items()} == {
        "ał@example.org": 0,
        "person4@example.com": 1,
    }
    assert whole == []
    assert [one.id.text for one in known] == ["4"]


async def test_a_status_in_letters_that_a_table_cannot_hold_counts_nothing(
    mysql_url: str,
) -> None:
    await filled(mysql_url, invented(30), ("latin1_swedish_ci",) * 3)
    here = mapped({"COUNTED_STATUSES": "оплачен,paid"})
    async with opened(mysql_url) as engine:
        inspected = await inspect_shop(engine, here, AS_OF)
    assert inspected.seen is not None, inspected.unreadable
    assert len(inspected.seen.columns.created_at) > 20


async def test_a_query_of_ones_own_is_told_how_to_read_in_one_collation(
    new_mysql: NewDatabase,
) -> None:
    url, shop = new_mysql(), invented(30)
    await filled(url, shop, MIXES[0])
    joined = "SELECT o.* FROM {o} JOIN {c} ON c.id = o.customer_id"
    async with opened(url) as engine:
        bare = mapped({"ORDERS_TABLE": joined.format(o="orders o", c="customers c")})
        inspected = await inspect_shop(engine, bare, AS_OF)
        (missing,) = inspected.missing
        assert isinstance(missing.problem, InvalidMapping)
        assert "Written as {table} AS t" in str(missing.problem)
        told = mapped({"ORDERS_TABLE": joined.format(o="{orders} AS o", c="{customers} AS c")})
        again = await inspect_shop(engine, told, AS_OF)
    assert again.seen is not None, again.unreadable
    total = Decimal(int(again.seen.columns.amount_micros.sum())).scaleb(-6)
    assert total == sum(shop.spent(row["id"]) for row in shop.customers)
