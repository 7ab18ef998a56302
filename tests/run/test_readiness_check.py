"""A corpus of faults: each is found where it was planted, and a clean shop is silent."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from backend.database.engine import opened, parse_url
from backend.results.readiness import Readiness
from backend.store.all_tables import intelligence
from backend.store.migrate import migrate
from tests.conftest import NewDatabase, execute, in_turns, read_only_url, wait_for
from tests.databases import Place
from tests.in_json import in_json
from tests.live import ADMIN_KEY, command, serving
from tests.run.seeded_faults import FAULTS, MOSTLY_FULFILLED_FIX, SERVERS, Fault, checked, planted
from tests.run.spoilt_shops import (
    cash_on_delivery,
    clean,
    only_recent,
    orders_with,
    twins,
    unpaid_by_nobody,
)
from tests.shops import AS_OF, fill

MAKERS = {"postgresql": "new_postgres", "mariadb": "new_mysql"}
PLACES = {"sqlite": "sqlite_folder", "postgresql": "postgres_server", "mariadb": "mysql_server"}
# Databases take turns: in `make test` each fault is planted in one.
CORPUS = [
    pytest.param(
        (fault, kind),
        marks=[
            *([] if kind == "sqlite" else [pytest.mark.external]),
            *([] if place % len(fault.databases) == turn else [pytest.mark.long]),
        ],
        id=f"{name}-{kind}",
    )
    for place, (name, fault) in enumerate(FAULTS.items())
    for turn, kind in enumerate(fault.databases)
]
Found = tuple[Fault, Readiness]


@pytest.fixture(scope="module", params=CORPUS)
def found_of(request: pytest.FixtureRequest) -> Found:
    """Give a fault, and what is found of it in a shop where it is planted, once for all tests."""
    fault, kind = request.param
    place: Place = request.getfixturevalue(PLACES[kind])
    url = place.empty()
    try:
        return fault, wait_for(planted(url, fault))
    finally:
        place.drop(url)


def test_every_planted_fault_is_found(found_of: Found) -> None:
    fault, found = found_of
    finding = {one.code: one for one in found.findings}[fault.code]
    assert finding.level == fault.level, finding
    assert fault.words in finding.sentence, finding
    assert found.ready == all(one.level != "error" for one in found.findings)


async def test_a_clean_shop_is_silent(new_database: NewDatabase) -> None:
    found = await planted(new_database(), Fault("", "", ""))
    assert [one for one in found.findings if one.level != "ok"] == []
    assert len(found.findings) > 15
    assert found.ready


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


@in_turns
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


def test_no_finding_holds_a_persons_data(found_of: Found) -> None:
    _, found = found_of
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


READS_FOR_ALL = """
    CREATE FUNCTION points() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT 1'
"""
OWN_RIGHTS = "CREATE FUNCTION forget() RETURNS void LANGUAGE sql AS 'DELETE FROM customers'"
OF_A_TRIGGER = """
    CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN RETURN NEW; END'
"""


@pytest.mark.external
async def test_functions_that_change_nothing_for_who_calls_them_are_no_powers(
    postgres_url: str,
) -> None:
    await fill(postgres_url, clean())
    kept = FAULTS["a function that writes for whoever calls it"].statements
    revoked = "REVOKE EXECUTE ON FUNCTION add_points() FROM PUBLIC"
    statements = READS_FOR_ALL, OWN_RIGHTS, OF_A_TRIGGER, *kept, revoked
    await execute(postgres_url, *statements)
    reader = await read_only_url(postgres_url)
    found = {one.code for one in (await checked(reader, postgres_url)).findings}
    assert "shop_user_only_reads" in found


WRITES = """
    CREATE FUNCTION add_points() RETURNS INT {} BEGIN
    UPDATE customers SET orders_count = 0; RETURN 1; END
"""


@pytest.mark.external
@pytest.mark.parametrize(
    ("data", "grant", "may_more"),
    [
        ("MODIFIES SQL DATA", "GRANT EXECUTE ON FUNCTION {db}.add_points TO {user}", True),
        ("MODIFIES SQL DATA", "GRANT EXECUTE ON {db}.* TO {user}", True),
        ("MODIFIES SQL DATA", None, False),
        ("MODIFIES SQL DATA SQL SECURITY INVOKER", "GRANT EXECUTE ON {db}.* TO {user}", False),
    ],
)
async def test_what_a_user_of_mysql_may_call_is_told(
    mysql_url: str, data: str, grant: str | None, may_more: bool
) -> None:
    await fill(mysql_url, clean())
    await execute(mysql_url, WRITES.format(data))
    reader = await read_only_url(mysql_url)
    names = {"db": parse_url(mysql_url).database, "user": parse_url(reader).username}
    if grant:
        await execute(mysql_url, grant.format(**names))
    found = {one.code: one for one in (await checked(reader, mysql_url)).findings}
    assert ("shop_user_may_more" in found) == may_more
    if may_more:
        assert f"may call {names['db']}.add_points" in found["shop_user_may_more"].sentence


def test_a_file_that_everybody_may_write_is_told(new_sqlite: NewDatabase) -> None:
    url = new_sqlite()
    wait_for(fill(url, clean()))
    file = Path(parse_url(url).database or "")
    for mode, code in ((0o666, "shop_file_is_writable"), (0o664, "shop_file")):
        file.chmod(mode)
        found = {one.code for one in wait_for(checked(url, url)).findings}
        assert code in found
        assert "shop_user" not in found


async def test_what_no_column_tells_of_currencies_is_not_said_to_be_one(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite()
    await fill(url, clean())
    found = {one.code: one for one in (await checked(url, url)).findings}
    assert "Nothing tells which currency" in found["currencies"].sentence
