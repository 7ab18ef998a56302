"""The same shop in PostgreSQL, a file of DuckDB's, Parquet and CSV: every question, one answer."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pytest

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncConnection, AsyncEngine, opened, snapshot
from backend.database.kinds import Kind
from backend.database.listed import listed
from backend.shop.accounts import accounts_of
from backend.shop.customers import customers_of_emails, get_customers
from backend.shop.customers_of_orders import customers_of_orders
from backend.shop.mapping.layers import load_mapping
from backend.shop.name_columns import NameColumns, read_name_columns
from backend.shop.orders_of_customer import orders_of
from backend.shop.orders_of_some import OrderReads, read_baskets_of, read_orders_of
from backend.shop.products_bought import Members, read_products
from backend.shop.search import search_customers
from backend.shop.seen import Seen, see
from backend.shop.shop import Shop
from backend.shop.structure import nearest_tables
from backend.shop.whole_emails import EmailReads, customers_with_email
from tests.conftest import in_turns, wait_for
from tests.databases import PostgresServer
from tests.shops import AS_OF, VARIABLES, Row, invented
from tests.warehouses import WAYS, Tables, in_columns, in_server

NAMES = [
    "Weiß",
    "WEISS",
    "Zoe\u0301",
    "Zoé",
    "Zoe",
    "İpek",
    "ΣΟΦΟΣ",
    "a%b",
    "東京",
    "😀",
    "O'Neill",
]
NAMES += ['Say "hi", all', "two\nlines", "back\\slash", "  blank  ", "NULL"]
QUERIES = [*NAMES, "e", "zoe", "weiss", "ß", "ipek", "σοφος", "person1", "PERSON12", "%", "(", "\\"]
QUERIES += ["first1 last1", "hi", "lines", "nobody at all", "", "s", "i\u0307", "\u0301"]
STATUSES = ["paid", "refunded", "paid", None, "voided", " Paid ", "PARTIALLY_PAID", "odd", "paid"]
RATES = [None, Decimal("1.25"), Decimal("0.5"), Decimal(0), Decimal(2)]
# What a server alone has.
OF_A_SERVER = {"indexes", "trigrams", "shop_user", "powers", "file"}
MAPPINGS: Mapping[str, Mapping[str, str]] = {
    "the guide's": {},
    "cents": {"MONEY_SCALE": "100"},
    "thirds": {"MONEY_SCALE": "3"},
    "one currency": {"CURRENCY": "EUR"},
    "divided by a rate": {"CURRENCY_RATE": "divide"},
    "multiplied by a rate": {"CURRENCY_RATE": "multiply", "MONEY_SCALE": "100"},
    "statuses": {"COUNTED_STATUSES": "odd,paid", "CANCELLED_STATUSES": "refunded"},
    "a zone": {"SHOP_TIME_ZONE": "America/New_York"},
    "merged guests": {"MERGE_GUESTS": "true"},
    "a filter": {"ORDERS_FILTER": "total_price > 20 AND currency <> 'USD'"},
    "a query": {
        "ORDERS_TABLE": "SELECT o.id, o.customer_id, o.total_price * 2 AS total_price, o.created_at"
        " FROM {orders} AS o WHERE o.total_price > 10",
        "LINE_ITEMS_TABLE": "",
    },
    "ids as texts": {
        "CUSTOMERS_TABLE": "SELECT CAST(c.id AS varchar(20)) AS id, c.email FROM {customers} AS c"
    },
}


def odd_tables() -> Tables:
    """Invent a shop in which many a row is the edge of something."""
    shop = invented(60)
    people = [_odd_person(one, place) for place, one in enumerate(shop.customers)]
    rows = {"customers": people, "orders": [*map(_odd_order, shop.orders)]}
    return {
        name: in_columns(some) for name, some in {**rows, "order_line_items": shop.lines}.items()
    }


def _odd_person(person: Row, place: int) -> Row:
    emails = {0: None, 2: "Same@Example.com ", 3: "same@example.com"}
    email = emails.get(place % 10, person["email"])
    return {**person, "email": email, "last_name": NAMES[place % len(NAMES)]}


def _odd_order(order: Row) -> Row:
    number, total = order["id"], order["total_price"]
    totals = {0: None, 1: -total, 2: Decimal(0)}
    owners = {0: None, 1: 5_000}
    return {
        **order,
        "total_price": totals.get(number % 37, total),
        "customer_id": owners.get(number % 43, order["customer_id"]),
        "financial_status": STATUSES[number % len(STATUSES)],
        "refunded_amount": Decimal("3.333") if number % 5 == 0 else None,
        "currency": ["EUR", "eur", "USD", None][number % 4],
        "currency_rate": RATES[number % len(RATES)],
    }


@pytest.fixture(scope="module")
def urls(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    tables, folder = odd_tables(), tmp_path_factory.mktemp("warehouses")
    server = postgres_server.empty()
    wait_for(in_server(tables, server))
    return {"postgresql": server, **{way: tell(tables, folder) for way, tell in WAYS.items()}}


@pytest.fixture
async def server(urls: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    async with opened(urls["postgresql"]) as engine:
        yield engine


@pytest.fixture
async def warehouse(way: str, urls: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    async with opened(urls[way]) as engine:
        yield engine


def shop_of(**variables: str) -> Shop:
    return Shop(load_mapping({**VARIABLES, **variables}))


@in_turns("way")
@pytest.mark.parametrize("variables", MAPPINGS.values(), ids=MAPPINGS)
@pytest.mark.parametrize("way", WAYS)
async def test_a_run_reads_the_same_under_every_mapping(
    server: AsyncEngine, warehouse: AsyncEngine, variables: Mapping[str, str]
) -> None:
    expected, found = [
        await see(engine, shop_of(**variables), AS_OF, now=AS_OF) for engine in (server, warehouse)
    ]
    assert len(expected.columns.created_at) > 20
    assert in_plain_words(found) == in_plain_words(expected)


def in_plain_words(seen: Seen) -> Mapping[str, Any]:
    """Return all that was seen, orders by customer, time and amount: no one says in which order."""
    columns, baskets = seen.columns, seen.baskets
    orders = zip(columns.customer_index, columns.created_at, columns.amount_micros, strict=True)
    looked = {
        one.name: getattr(seen.looked, one.name)
        for one in fields(seen.looked)
        if one.name not in OF_A_SERVER
    }
    measures = (
        {}
        if baskets is None
        else {one.name: np.round(getattr(baskets, one.name), 9).tolist() for one in fields(baskets)}
    )
    return {
        "customers": columns.customer_ids.tolist(),
        "orders": sorted((int(who), str(when), int(micros)) for who, when, micros in orders),
        "left out": dict(columns.left_out),
        "baskets": str(measures),
        "merged": seen.merged,
        **looked,
    }


async def answers(engine: AsyncEngine) -> dict[str, Any]:
    """Ask what the API asks of a shop."""
    shop, merging, misnamed = shop_of(), shop_of(MERGE_GUESTS="true"), shop_of(ORDERS_TABLE="order")
    ids = [*map(CustomerId, ("1", "7", "23", "24", "x", "007", "5000", "99999999999999999999"))]
    reads, emails = OrderReads(), EmailReads()
    some = await read_orders_of(engine, shop, ids, reads)
    baskets = await read_baskets_of(engine, shop, some, len(ids))
    assert baskets is not None
    async with snapshot(engine) as connection:
        return {
            "by id": await get_customers(connection, shop, ids),
            "of merged": await get_customers(connection, merging, ids),
            "accounts": await accounts_of(connection, merging, CustomerId("4")),
            "by e-mail": await customers_of_emails(connection, shop, ["SAME@example.com", "é@x"]),
            "one e-mail": await customers_with_email(
                engine, shop, emails, "person5@example.com", 5
            ),
            "searches": {one: await search_customers(connection, shop, one, 7) for one in QUERIES},
            "orders": await orders_of(connection, shop, ids, 50),
            "whose": await customers_of_orders(connection, shop, ids),
            "names": await digests(connection, shop),
            "products": await products(connection, shop),
            "nearest": await nearest_tables(connection, misnamed.mapping, "orders"),
            "fresh": sorted(zip(some.order_ids, some.amount_micros.tolist(), strict=True)),
            "units": baskets.units.tolist()[:4],
        }


async def digests(connection: AsyncConnection, shop: Shop) -> dict[int, int]:
    found: dict[int, int] = {}

    async def take(names: NameColumns) -> None:
        found.update(zip(names.customer_ids.tolist(), names.digests().tolist(), strict=True))

    await read_name_columns(connection, shop, take)
    return found


async def products(connection: AsyncConnection, shop: Shop) -> Any:
    found = []
    for ids, kind in (([1, 2, 3, 7], Kind.INTEGER), (["1", "2", "3", "7"], Kind.TEXT)):
        members = Members(listed(connection.dialect.name, ids), kind)
        ask = partial(read_products, since=AS_OF - timedelta(days=500), until=AS_OF, limit=5)
        found.append(await ask(connection, shop, members))
    return found


@pytest.mark.parametrize("way", WAYS)
async def test_every_question_has_the_same_answer(
    server: AsyncEngine, warehouse: AsyncEngine
) -> None:
    expected, found = await answers(server), await answers(warehouse)
    for question, answer in expected.items():
        assert found[question] == answer, question
    assert len(expected["searches"]["zoe"]) == 4
    assert expected["products"][0].products
