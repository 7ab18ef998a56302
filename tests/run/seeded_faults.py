"""A corpus of faults: what is planted in a clean shop, and what is to be found of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import text

from backend.database.engine import create_engine, opened
from backend.results.readiness import Readiness
from backend.results.run_report import ReportHorizons
from backend.run.readiness_check import check_shop
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop as MappedShop
from tests.conftest import read_only_url
from tests.run.spoilt_shops import (
    Change,
    cash_on_delivery,
    clean,
    misstated,
    moved,
    only_few,
    only_recent,
    orders_with,
    through_one_till,
    twins,
    unpaid_by_nobody,
    with_a_tester,
    with_last_names,
    with_one_order_of,
)
from tests.shops import AS_OF, VARIABLES, fill

HORIZONS = ReportHorizons(prediction_days=180, churn_days=180)
EVERY = ("sqlite", "postgresql", "mariadb")
SERVERS = ("postgresql", "mariadb")


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
HALF_NAMED = "SELECT o.*, CASE WHEN id > 100 THEN 'EUR' END AS currency FROM orders o"
ADD_POINTS = """
    CREATE FUNCTION add_points() RETURNS integer LANGUAGE sql SECURITY DEFINER AS
    'UPDATE customers SET orders_count = 0 RETURNING id'
"""
FAULTS = {
    "orders that a column marks as tests": Fault(
        "marked_tests",
        "warning",
        "counted orders are marked as tests in is_test",
        statements=(
            "ALTER TABLE orders ADD is_test BOOLEAN",
            "UPDATE orders SET is_test = (id % 20 = 0) WHERE id > 10",
        ),
    ),
    "orders that a word marks as tests": Fault(
        "marked_tests",
        "warning",
        "counted orders are marked as tests in testmode",
        statements=(
            "ALTER TABLE orders ADD testmode VARCHAR(8)",
            "UPDATE orders SET testmode = 'Yes' WHERE id % 20 = 0",
        ),
    ),
    "currencies in a column that is not read": Fault(
        "hidden_currencies",
        "error",
        "EUR",
        statements=(
            "ALTER TABLE orders ADD currency_code VARCHAR(3)",
            "UPDATE orders SET currency_code = CASE WHEN id > 100 THEN 'EUR' ELSE 'usd' END",
        ),
    ),
    "orders without a currency": Fault(
        "unnamed_currencies",
        "warning",
        "100 of",
        variables={"ORDERS_TABLE": HALF_NAMED},
    ),
    "names that are UTF-8 taken for latin1": Fault(
        "mangled_names", "warning", "20 are UTF-8", with_last_names(20, "MÃ¼ller")
    ),
    "names that are UTF-8 taken for cp1251": Fault(
        "mangled_names", "warning", "20 are UTF-8", with_last_names(20, "РњР°СЂРёСЏ")
    ),
    "names that are no text": Fault(
        "mangled_names",
        "warning",
        "1 are no text in UTF-8",
        statements=("UPDATE customers SET first_name = CAST(x'4dfc' AS TEXT) WHERE id = 1",),
        databases=("sqlite",),
    ),
    "a function that writes for whoever calls it": Fault(
        "shop_user_may_more",
        "warning",
        "may call public.add_points with the rights of who made them",
        statements=(ADD_POINTS,),
        databases=("postgresql",),
    ),
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
        return await check_shop(shop_engine, our_engine, shop, AS_OF, HORIZONS)


async def fill_with(url: str, fault: Fault) -> None:
    await fill(url, fault.change(clean()))
    engine = create_engine(url)
    async with engine.begin() as connection:
        for statement in fault.statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def planted(url: str, fault: Fault) -> Readiness:
    await fill_with(url, fault)
    is_file = url.startswith("sqlite")
    reader = url if is_file or fault.shop_user_owns else await read_only_url(url)
    ours = reader if fault.our_user_reads else url
    return await checked(reader, ours, **fault.variables)
