"""The shop that people try the service on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.database.engine import opened
from backend.files.demo_shop import load_demo_shop
from tests.conftest import wait_for

CUSTOMERS, INVOICES, LINES = 4_372, 25_900, 541_909
CANCELLED_AFTER_MINUTES = 581_483


async def load(path: Path) -> list[float]:
    shares: list[float] = []
    async with opened(f"sqlite:///{path}") as engine:
        as_of = await load_demo_shop(engine, shares.append)
    assert as_of == datetime(2011, 12, 10, tzinfo=UTC)
    return shares


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    shares = wait_for(load(path))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def rows(demo: sqlite3.Connection) -> tuple[int, ...]:
    tables = ("customers", "orders", "order_line_items")
    return tuple(demo.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables)


def test_all_of_it_is_loaded(demo: sqlite3.Connection) -> None:
    assert rows(demo) == (CUSTOMERS, INVOICES, LINES)


@pytest.mark.long
def test_a_second_load_replaces_the_first(demo: sqlite3.Connection) -> None:
    path = Path(demo.execute("PRAGMA database_list").fetchone()[2])
    people = demo.execute("SELECT * FROM customers").fetchall()
    wait_for(load(path))
    assert rows(demo) == (CUSTOMERS, INVOICES, LINES)
    assert demo.execute("SELECT * FROM customers").fetchall() == people


def test_what_customers_spent_is_the_sum_of_their_counted_orders(demo: sqlite3.Connection) -> None:
    wrong = demo.execute(
        """
        SELECT c.id FROM customers c LEFT JOIN orders o
            ON o.customer_id = c.id AND o.financial_status = 'paid' AND o.total_price > 0
        GROUP BY c.id, c.total_spent, c.orders_count
        HAVING count(o.id) != c.orders_count
            OR abs(coalesce(sum(o.total_price), 0) - c.total_spent) > .001
        """
    ).fetchall()
    assert wrong == []


def test_an_order_cancelled_after_minutes_does_not_count(demo: sqlite3.Connection) -> None:
    total, status = demo.execute(
        "SELECT total_price, financial_status FROM orders WHERE id = ?", (CANCELLED_AFTER_MINUTES,)
    ).fetchone()
    assert (total, status) == (168_469.6, "refunded")
    dearest = demo.execute(
        "SELECT max(total_price) FROM orders WHERE financial_status = 'paid'"
    ).fetchone()
    assert dearest[0] < total


def test_every_order_is_the_sum_of_its_lines(demo: sqlite3.Connection) -> None:
    wrong = demo.execute(
        """
        SELECT o.id FROM orders o JOIN order_line_items l ON l.order_id = o.id
        GROUP BY o.id, o.total_price HAVING abs(sum(l.quantity * l.price) - o.total_price) > .005
        """
    ).fetchall()
    assert wrong == []


def test_the_people_are_invented(demo: sqlite3.Connection) -> None:
    emails = [email for (email,) in demo.execute("SELECT email FROM customers")]
    assert len(set(emails)) == CUSTOMERS
    assert all(email.endswith(("@example.com", "@example.org")) for email in emails)


def test_no_order_is_younger_than_the_end_of_the_data(demo: sqlite3.Connection) -> None:
    first, last = demo.execute("SELECT min(created_at), max(created_at) FROM orders").fetchone()
    assert (first[:10], last[:10]) == ("2010-12-01", "2011-12-09")
