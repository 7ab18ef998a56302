"""A corpus of faults: each is found where it was planted, and a clean shop is silent."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from sqlalchemy import text

from backend.cli.env_lines import lines_that_settle
from backend.database.engine import create_engine, opened, parse_url
from backend.results.readiness import Readiness
from backend.run.readiness_check import Horizons, check_shop
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop as MappedShop
from backend.store.migrate import migrate
from backend.store.tables import intelligence
from tests.conftest import NewDatabase, execute, read_only_url, wait_for
from tests.in_json import in_json
from tests.live import ADMIN_KEY, command, serving
from tests.shops import AS_OF, VARIABLES, Shop, fill, invented

Change = Callable[[Shop], Shop]
EVERY = ("sqlite", "postgresql", "mariadb")
SERVERS = ("postgresql", "mariadb")


def clean() -> Shop:
    """Invent a shop that orders by day and knows its own sums."""
    shop = invented(400)
    orders = [
        {**row, "created_at": row["created_at"].replace(hour=8 + row["id"] % 14)}
        for row in shop.orders
    ]
    shop = replace(shop, orders=orders)
    people = [
        {
            **row,
            "total_spent": shop.spent(row["id"]),
            "orders_count": len(shop.counted(row["id"])),
        }
        for row in shop.customers
    ]
    return replace(shop, customers=people)


def orders_with(share: int, **changes: Any) -> Change:
    """Change every so manieth order."""

    def change(shop: Shop) -> Shop:
        rows = [{**row, **changes} if row["id"] % share == 0 else row for row in shop.orders]
        return replace(shop, orders=rows)

    return change


def moved(hours: int) -> Change:
    """Keep the shop's clock so many hours wrong."""

    def change(shop: Shop) -> Shop:
        rows = [
            {**row, "created_at": row["created_at"] - timedelta(hours=hours)} for row in shop.orders
        ]
        return replace(shop, orders=rows)

    return change


def only_recent(shop: Shop) -> Shop:
    start = (AS_OF - timedelta(days=100)).replace(tzinfo=None)
    return replace(shop, orders=[row for row in shop.orders if row["created_at"] > start], lines=[])


def only_few(shop: Shop) -> Shop:
    return replace(shop, orders=[row for row in shop.orders if row["customer_id"] < 16], lines=[])


def twins(shop: Shop) -> Shop:
    people = [{**row, "email": f"twin{row['id'] // 2}@example.com"} for row in shop.customers]
    return replace(shop, customers=people)


def misstated(shop: Shop) -> Shop:
    return replace(shop, customers=[{**row, "total_spent": 1} for row in shop.customers])


def cash_on_delivery(shop: Shop) -> Shop:
    """Wait for the money of every third order, all of which were sent."""
    return orders_with(3, financial_status="pending")(shop)


def unpaid_by_nobody(shop: Shop) -> Shop:
    """Let no order be paid, nor have a customer."""
    return orders_with(1, financial_status="pending", customer_id=None)(shop)


def with_one_order_of(total: int) -> Change:
    """Let one customer's only order cost far too much."""

    def change(shop: Shop) -> Shop:
        rows = [{**row, "financial_status": "paid"} for row in shop.orders[:1]]
        rows[0]["total_price"] = Decimal(total)
        return replace(shop, orders=[*rows, *shop.orders[1:]])

    return change


def through_one_till(shop: Shop) -> Shop:
    """Let every second order be of the till's account."""
    return orders_with(2, customer_id=400)(shop)


def with_a_tester(shop: Shop) -> Shop:
    first, *others = shop.customers
    return replace(shop, customers=[{**first, "email": "test@example.org"}, *others])


@dataclass(frozen=True, slots=True)
class Fault:
    """What is planted, what is to be found, and words that the sentence must have."""

    code: str
    level: str
    words: str
    change: Change = lambda shop: shop
    statements: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    databases: tuple[str, ...] = EVERY
    shop_user_owns: bool = False
    our_user_reads: bool = False


WEIRD = "No list names the status 'weird'"
TWICE = "SELECT * FROM orders UNION ALL SELECT * FROM orders WHERE id < 40"
CURRENCIES = "SELECT o.*, CASE WHEN id > 100 THEN 'EUR' ELSE 'USD' END AS currency FROM orders o"
FUTURE = (AS_OF + timedelta(days=400)).replace(tzinfo=None)
RATES = "SELECT o.*, CASE WHEN id > 30 THEN 2 END AS currency_rate FROM orders o"
COPIES = "SELECT * FROM customers UNION ALL SELECT * FROM customers WHERE id < 4"
# Reads one column of numbers as another: only the rows tell that it cannot be.
UNREADABLE = (
    "SELECT id, customer_id, CAST(financial_status AS integer) AS total_price, created_at"
    " FROM orders"
)
UNREADABLE_LINES = (
    "SELECT id, order_id, CAST(product_title AS integer) AS quantity FROM order_line_items"
)
WITHOUT_PEOPLE = "SELECT id, email AS mail, first_name AS Vorname FROM customers"
CONTACTS = (
    "SELECT o.*, CASE WHEN id % 14 = 0 THEN 'x@example.org' END AS contact_email FROM orders o"
)
MOSTLY_FULFILLED_FIX = "COUNTED_STATUSES=paid,partially_paid,partially_refunded,authorized,pending"
FAULTS = {
    "cash on delivery": Fault(
        "open_though_fulfilled", "warning", MOSTLY_FULFILLED_FIX, cash_on_delivery
    ),
    "nothing that counts, for two reasons": Fault(
        "nothing_counts",
        "error",
        "are of a status that does not count",
        unpaid_by_nobody,
    ),
    "nobody's orders among those that wait": Fault(
        "null_customer", "error", "have no customer", unpaid_by_nobody
    ),
    "orders of nobody with an e-mail": Fault(
        "orders_of_nobody",
        "warning",
        "have contact_email",
        orders_with(7, customer_id=None),
        variables={"ORDERS_TABLE": CONTACTS},
    ),
    "dates of 1970": Fault(
        "placeholder_dates",
        "error",
        "are dated before 1990",
        orders_with(4, created_at=datetime(1970, 1, 1)),  # noqa: DTZ001
    ),
    "dates long ago": Fault(
        "placeholder_dates",
        "warning",
        "are dated years before all others",
        orders_with(40, created_at=datetime(2000, 1, 1)),  # noqa: DTZ001
    ),
    "dates of an import": Fault(
        "placeholder_dates",
        "error",
        "share an instant with far too many others",
        orders_with(10, created_at=datetime(2023, 3, 1, 12)),  # noqa: DTZ001
    ),
    "one order out of all proportion": Fault(
        "order_out_of_proportion", "warning", "is it a test", with_one_order_of(500_000)
    ),
    "one account for many": Fault(
        "customer_out_of_proportion", "warning", "that many share", through_one_till
    ),
    "a customer who tests": Fault(
        "test_orders", "warning", "1 customers called test", with_a_tester
    ),
    "an e-mail that is called otherwise": Fault(
        "unmapped_people",
        "warning",
        "CUSTOMERS_COLUMNS=email=mail",
        variables={"CUSTOMERS_TABLE": WITHOUT_PEOPLE},
    ),
    "a renamed table": Fault(
        "missing_orders",
        "error",
        "Tables with a similar name: orders_2024",
        statements=("ALTER TABLE orders RENAME TO orders_2024",),
    ),
    "tables in another schema than the guide's": Fault(
        "missing_orders",
        "error",
        "Tables with a similar name: orders.",
        variables={"ORDERS_TABLE": "ecommerce.orders"},
        databases=SERVERS,
    ),
    "a table of a query that is elsewhere": Fault(
        "missing_orders",
        "error",
        "Tables with a similar name: shop2.wp_sales",
        statements=("CREATE SCHEMA shop2", "CREATE TABLE shop2.wp_sales (id integer)"),
        variables={"ORDERS_TABLE": "SELECT * FROM {wp_sale}"},
        databases=("postgresql",),
        shop_user_owns=True,
    ),
    "a filter over a column that is not there": Fault(
        "missing_orders",
        "error",
        "orders.filter is refused by the database",
        variables={"ORDERS_FILTER": "nowhere = 1"},
    ),
    "lines without a column that is mapped": Fault(
        "missing_line_items",
        "error",
        "'qty', which does not exist; there are quantity",
        variables={"LINE_ITEMS_COLUMNS": "quantity=qty"},
    ),
    "a query that fails on a row": Fault(
        "unreadable",
        "error",
        "invalid input syntax for type integer.",
        variables={"ORDERS_TABLE": UNREADABLE},
        databases=("postgresql",),
    ),
    "lines whose query fails on a row": Fault(
        "unreadable",
        "error",
        "line_items cannot be read: invalid input syntax for type integer.",
        variables={"LINE_ITEMS_TABLE": UNREADABLE_LINES},
        databases=("postgresql",),
    ),
    "a currency that no column names": Fault(
        "missing_orders",
        "error",
        "orders.currency is needed to count orders in one currency alone",
        variables={"CURRENCY": "EUR"},
    ),
    "no exchange rate": Fault(
        "no_rate",
        "warning",
        "have no exchange rate",
        variables={"ORDERS_TABLE": RATES, "CURRENCY_RATE": "divide"},
    ),
    "a status in two lists": Fault(
        "unheard",
        "warning",
        "'refunded' is both counted and refunded",
        variables={"COUNTED_STATUSES": "paid,refunded"},
    ),
    "customers twice": Fault(
        "duplicate_customer_id",
        "warning",
        "3 of 403 customers repeat another's id",
        variables={"CUSTOMERS_TABLE": COPIES},
    ),
    "a missing column": Fault(
        "missing_orders",
        "error",
        "'total_amount', which does not exist; there are total_price",
        variables={"ORDERS_COLUMNS": "total_price=total_amount"},
    ),
    "ids of two kinds": Fault(
        "types",
        "warning",
        "customers.id is integer, orders.customer_id is text",
        statements=("ALTER TABLE orders MODIFY customer_id VARCHAR(20)",),
        databases=("mariadb",),
    ),
    "ids of two kinds, again": Fault(
        "types",
        "warning",
        "customers.id is integer, orders.customer_id is text",
        statements=("ALTER TABLE orders ALTER customer_id TYPE VARCHAR(20)",),
        databases=("postgresql",),
    ),
    "a status nobody knows": Fault(
        "unknown_status", "warning", WEIRD, orders_with(9, financial_status="weird")
    ),
    "statuses nobody knows": Fault(
        "unknown_status", "error", WEIRD, orders_with(1, financial_status="weird")
    ),
    "orders of nobody": Fault(
        "null_customer", "warning", "have no customer", orders_with(7, customer_id=None)
    ),
    "orders of strangers": Fault(
        "unknown_customer", "warning", "not in the customers", orders_with(9, customer_id=99_999)
    ),
    "negative totals": Fault(
        "not_positive", "warning", "zero or less", orders_with(9, total_price=Decimal(-5))
    ),
    "no totals": Fault("null_amount", "error", "no total", orders_with(3, total_price=None)),
    "no dates": Fault("null_date", "warning", "have no date", orders_with(50, created_at=None)),
    "dates to come": Fault(
        "future_date", "warning", "in the future", orders_with(99, created_at=FUTURE)
    ),
    "repeated ids": Fault(
        "duplicate_order_id", "error", "repeat an order's id", variables={"ORDERS_TABLE": TWICE}
    ),
    "a clock that is eight hours wrong": Fault(
        "time_zone", "warning", "is the zone right", moved(8)
    ),
    "two currencies": Fault(
        "mixed_currencies", "error", "eur", variables={"ORDERS_TABLE": CURRENCIES}
    ),
    "sums that are wrong": Fault("totals_disagree", "warning", "disagree", misstated),
    "people twice": Fault("guest_duplicates", "warning", "MERGE_GUESTS=true", twins),
    "few buyers": Fault("few_buyers", "warning", "one segment, no grades", only_few),
    "a short history": Fault("short_history_for_churn", "warning", "wants 360", only_recent),
    "an old copy": Fault("stale", "warning", "is the copy up to date", moved(24 * 60)),
    "an index too few": Fault(
        "missing_indexes",
        "warning",
        "CREATE INDEX idx_orders_created_at ON orders (created_at);",
        statements=("DROP INDEX idx_orders_created",),
        databases=("sqlite", "postgresql"),
    ),
    "an index too few, again": Fault(
        "missing_indexes",
        "warning",
        "CREATE INDEX idx_orders_created_at ON orders (created_at);",
        statements=("DROP INDEX idx_orders_created ON orders",),
        databases=("mariadb",),
    ),
    "a user who may change the shop": Fault(
        "shop_is_writable",
        "warning",
        "may change customers, orders, order_line_items",
        databases=SERVERS,
        shop_user_owns=True,
    ),
    "a user who may change what a query reads": Fault(
        "shop_is_writable",
        "warning",
        "may change customers, orders, order_line_items",
        variables={"ORDERS_TABLE": "SELECT * FROM {orders}"},
        databases=SERVERS,
        shop_user_owns=True,
    ),
    "a user who may not write ours": Fault(
        "our_tables_read_only",
        "error",
        "INTELLIGENCE_DATABASE_URL",
        databases=SERVERS,
        our_user_reads=True,
    ),
}


async def checked(url: str, our_url: str, **variables: str) -> Readiness:
    shop = MappedShop(load_mapping({**VARIABLES, **variables}))
    async with opened(url) as shop_engine, opened(our_url) as our_engine:
        return await check_shop(shop_engine, our_engine, shop, AS_OF, Horizons(180, 180))


async def planted(url: str, fault: Fault) -> Readiness:
    await fill(url, fault.change(clean()))
    engine = create_engine(url)
    async with engine.begin() as connection:
        for statement in fault.statements:
            await connection.execute(text(statement))
    await engine.dispose()
    is_file = url.startswith("sqlite")
    reader = url if is_file or fault.shop_user_owns else await read_only_url(url)
    ours = reader if fault.our_user_reads else url
    return await checked(reader, ours, **fault.variables)


MAKERS = {"sqlite": "new_sqlite", "postgresql": "new_postgres", "mariadb": "new_mysql"}
CORPUS = [
    pytest.param(name, kind, marks=() if kind == "sqlite" else pytest.mark.external)
    for name, fault in FAULTS.items()
    for kind in fault.databases
]


@pytest.mark.parametrize(("name", "kind"), CORPUS)
async def test_every_planted_fault_is_found(
    name: str, kind: str, request: pytest.FixtureRequest
) -> None:
    fault = FAULTS[name]
    found = await planted(request.getfixturevalue(MAKERS[kind])(), fault)
    finding = {one.code: one for one in found.findings}[fault.code]
    assert finding.level == fault.level, finding
    assert fault.words in finding.sentence, finding
    assert found.ready == all(one.level != "error" for one in found.findings)


async def test_a_clean_shop_is_silent(new_database: NewDatabase) -> None:
    found = await planted(new_database(), Fault("", "", ""))
    assert [one for one in found.findings if one.level != "ok"] == []
    assert len(found.findings) > 15
    assert found.ready


@pytest.mark.parametrize(
    "name",
    [
        "cash on delivery",
        "dates of 1970",
        "dates long ago",
        "an e-mail that is called otherwise",
        "two currencies",
        "people twice",
    ],
)
async def test_the_lines_that_would_settle_a_fault_do_when_pasted(
    name: str, new_sqlite: NewDatabase
) -> None:
    fault, url = FAULTS[name], new_sqlite()
    found = await planted(url, fault)
    lines = lines_that_settle(found.findings)
    assert lines
    settled = {key: value or "" for key, value in dotenv_values(stream=pasted(lines)).items()}
    again = await checked(url, url, **{**fault.variables, **settled})
    assert fault.code not in {one.code for one in again.findings}
    assert lines_that_settle(again.findings) == []


def pasted(lines: list[str]) -> StringIO:
    return StringIO("\n".join(lines))


async def test_all_reasons_of_an_order_are_told_where_none_counts(new_sqlite: NewDatabase) -> None:
    shop = unpaid_by_nobody(clean())
    url = new_sqlite()
    await fill(url, shop)
    found = {one.code: one for one in (await checked(url, url)).findings}
    orders = len(shop.orders)
    assert found["nothing_counts"].facts["reasons"] == {
        "not_counted_status": orders,
        "null_customer": orders,
    }


async def test_dates_that_stand_for_none_do_not_lengthen_the_history(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite()
    await fill(url, orders_with(4, created_at=datetime(1970, 1, 1))(only_recent(clean())))  # noqa: DTZ001
    codes = {one.code for one in (await checked(url, url)).findings}
    assert {"placeholder_dates", "short_history_for_value", "short_history_for_churn"} <= codes


@pytest.mark.parametrize("variables", [{"MONEY_SCALE": "100"}, {"MERGE_GUESTS": "true"}])
async def test_what_customers_state_is_compared_in_their_own_terms(
    new_database: NewDatabase, variables: dict[str, str]
) -> None:
    url = new_database()
    await fill(url, twins(clean()))
    found = {one.code: one for one in (await checked(url, url, **variables)).findings}
    compared = 200 if "MERGE_GUESTS" in variables else 400
    assert found["totals"].facts["customers"] in {compared, compared + 1}
    assert found["totals"].facts["disagreeing"] == 0


async def test_the_indexes_that_are_wanted_can_be_made_as_printed(
    new_database: NewDatabase,
) -> None:
    url = new_database()
    await fill(url, clean())
    drop = "DROP INDEX {}{}"
    on = {"mysql": " ON "}.get(url.split(":")[0])
    gone = (("idx_orders_created", "orders"), ("idx_orders_customer", "orders"))
    await execute(url, *(drop.format(index, f"{on}{table}" if on else "") for index, table in gone))
    wanted = {one.code: one for one in (await checked(url, url)).findings}["missing_indexes"]
    statements = wanted.facts["statements"]
    assert isinstance(statements, list)
    assert len(statements) == 2
    await execute(url, *statements)
    assert "indexes" in {one.code for one in (await checked(url, url)).findings}


async def test_no_index_is_asked_for_on_a_view(new_database: NewDatabase) -> None:
    url = new_database()
    await fill(url, clean())
    await execute(url, "CREATE VIEW seen AS SELECT * FROM orders")
    assert "indexes" in {
        one.code for one in (await checked(url, url, ORDERS_TABLE="seen")).findings
    }


PREFIXED = ("wc_customer_lookup", "wc_order_stats", "wc_order_product_lookup")


async def test_a_presets_tables_with_another_prefix_are_named(new_sqlite: NewDatabase) -> None:
    url = new_sqlite()
    await execute(url, *(f"CREATE TABLE wp7_{table} (id integer)" for table in PREFIXED))
    found = await checked(url, url, SHOP_PRESET="woocommerce")
    named = {one.code: one.sentence for one in found.findings}
    assert "Tables with a similar name: wp7_wc_customer_lookup" in named["missing_customers"]
    assert "Tables with a similar name: wp7_wc_order_stats" in named["missing_orders"]
    # What cannot be known of tables that are not there is not said.
    assert "shop_user" not in named


@pytest.mark.external
@pytest.mark.parametrize(
    ("grants", "writable"),
    [
        (("SELECT ON {db}.*", "UPDATE ON {db}.orders"), ["orders"]),
        (
            ("SELECT ON {db}.*", "INSERT ON `{pattern}`.*"),
            ["customers", "orders", "order_line_items"],
        ),
        (("SELECT ON {db}.*", "DELETE ON mysql.*"), []),
        (("ALL PRIVILEGES ON {db}.customers", "SELECT ON {db}.*"), ["customers"]),
    ],
)
async def test_what_a_user_of_mysql_may_write_is_told_by_table(
    mysql_url: str, grants: tuple[str, ...], writable: list[str]
) -> None:
    await fill(mysql_url, clean())
    reader = await read_only_url(mysql_url)
    database = parse_url(mysql_url).database or ""
    user = parse_url(reader).username
    names = {"db": database, "pattern": database.replace("_", r"\_")[:-1] + "%"}
    await execute(mysql_url, *(f"GRANT {grant.format(**names)} TO {user}" for grant in grants))
    found = {one.code: one for one in (await checked(reader, mysql_url)).findings}
    told = found["shop_is_writable"].facts["tables"] if "shop_is_writable" in found else []
    assert told == writable


@pytest.mark.external
async def test_a_right_that_comes_from_a_role_is_seen(mysql_url: str) -> None:
    await fill(mysql_url, clean())
    reader = await read_only_url(mysql_url)
    database, user = parse_url(mysql_url).database, parse_url(reader).username
    role = f"writers_{database}"
    await execute(
        mysql_url,
        f"CREATE ROLE {role}",
        f"GRANT INSERT ON {database}.orders TO {role}",
        f"GRANT {role} TO {user}",
        f"SET DEFAULT ROLE {role} FOR {user}",
    )
    found = {one.code: one for one in (await checked(reader, mysql_url)).findings}
    await execute(mysql_url, f"DROP ROLE {role}")
    assert found["shop_is_writable"].facts == {"tables": ["orders"]}


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.external
async def test_who_may_write_our_tables_need_not_make_them(
    kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(MAKERS[kind])()
    await fill(url, clean())
    async with opened(url) as engine:
        await migrate(engine)
    reader = await read_only_url(url)
    user = parse_url(reader).username
    grants = [f"GRANT INSERT, UPDATE, DELETE ON {table} TO {user}" for table in intelligence.tables]
    await execute(url, *grants[1:])
    assert "our_tables_read_only" in {one.code for one in (await checked(url, reader)).findings}
    await execute(url, grants[0])
    assert "our_tables" in {one.code for one in (await checked(url, reader)).findings}


async def test_no_finding_holds_a_persons_data(new_sqlite: NewDatabase) -> None:
    for fault in FAULTS.values():
        if "sqlite" in fault.databases:
            found = await planted(new_sqlite(), fault)
            assert "@" not in json.dumps(in_json(found))


def test_the_command_prints_a_table_or_json_and_exits_with_1_where_results_would_be_wrong(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(fill(url, clean()))
    good = command(url, tmp_path, "check", "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["ready"] is True
    bad = command(url, tmp_path, "check", variables={"ORDERS_TABLE": "order"})
    assert bad.returncode == 1
    assert "missing_orders" in bad.stdout
    assert "Tables with a similar name: orders" in " ".join(bad.stdout.split())


def test_the_command_tells_the_worst_first_and_the_verdict_last(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(fill(url, cash_on_delivery(orders_with(5, total_price=None)(clean()))))
    done = command(url, tmp_path, "check")
    levels = [word for line in done.stdout.splitlines() for word in line.split()[:1]]
    told = [one for one in levels if one in {"error", "warning", "ok"}]
    assert told == sorted(told, key=("error", "warning", "ok").index)
    assert len(set(told)) == 3
    assert done.stdout.splitlines()[-1].startswith("Not ready: 1 error, ")
    fixed = command(url, tmp_path, "check", "--fix")
    assert fixed.stdout == f"{MOSTLY_FULFILLED_FIX}\n"


def test_the_report_is_stored_with_every_run_and_served_to_admins(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(fill(url, orders_with(7, customer_id=None)(clean())))
    with serving(url, tmp_path) as live:
        run_id = live.cluster(as_of=AS_OF.isoformat())["run_id"]
        path = f"/api/admin/runs/{run_id}/readiness"
        assert live.get(path).status_code == 403
        found = live.get(path, ADMIN_KEY).json()
        checked_now = json.loads(command(url, tmp_path, "check", "--json").stdout)
        # By now the copy is old; for the rest both say the same.
        codes = [{one["code"] for one in report["findings"]} for report in (found, checked_now)]
        assert codes[0] ^ codes[1] == {"stale", "freshness"}
        levels = {finding["code"]: finding["level"] for finding in found["findings"]}
        assert levels["null_customer"] == "warning"
        assert found["ready"] is True
        page = live.get(f"/api/admin/runs/{run_id}/report.html", ADMIN_KEY).text
        assert "have no customer and count for nobody" in page
