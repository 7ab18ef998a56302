"""What a mapping may put into SQL, and what it is told when it may not."""

import pytest

from backend.core.errors import InvalidMapping
from backend.shop.mapping.safety import (
    checked_identifier,
    checked_query,
    checked_table,
    filled,
    is_query,
    marked,
    named_tables,
)


@pytest.mark.parametrize(
    "query", ["DELETE FROM o", "EXPLAIN SELECT 1", "TABLE o", "(SELECT 1)", " "]
)
def test_a_query_begins_with_select_or_with(query: str) -> None:
    with pytest.raises(InvalidMapping) as caught:
        checked_query("orders.query", query)
    assert str(caught.value) == "The shop mapping's orders.query must begin with SELECT or WITH."


def test_one_trailing_semicolon_is_taken_off() -> None:
    assert checked_query("orders.query", " SELECT 1 ;\n") == "SELECT 1"


@pytest.mark.parametrize("name", ["order", "Order", "größe", "1st", "my orders", "a-b", "a$b"])
def test_a_name_that_can_be_quoted_is_one(name: str) -> None:
    assert checked_identifier("orders.table", name) == name


@pytest.mark.parametrize(
    "name", ['a"b', "a`b", "a;b", "o'r", "-x", "", "a\nb", "a\u00a0b", "a" * 64, "(SELECT 1)"]
)
def test_a_name_that_cannot_be_quoted_safely_is_refused(name: str) -> None:
    with pytest.raises(InvalidMapping, match="not the name of a table or column"):
        checked_identifier("orders.table", name)


@pytest.mark.parametrize("name", ["shop.", ".orders", "a.b.c"])
def test_a_table_has_one_schema_at_most(name: str) -> None:
    assert checked_table("orders.table", "shop.order") == "shop.order"
    with pytest.raises(InvalidMapping):
        checked_table("orders.table", name)


def test_a_table_may_be_called_like_the_beginning_of_a_query() -> None:
    assert is_query("select*from o")
    assert is_query("\n WITH x AS (SELECT 1) SELECT * FROM x")
    assert not is_query("selected_orders")
    assert not is_query("withdrawals")


def test_tables_are_put_in_but_not_into_strings() -> None:
    query = "SELECT a #>> '{order}', \"{order}\" FROM {order} JOIN {order-line} JOIN {tab Item}"
    assert named_tables(query) == ["order", "order-line", "tab Item"]
    read = filled(marked(query, '"'), lambda name, _: f"[{name}]")
    assert read == (
        "SELECT a #>> '{order}', \"{order}\" FROM [order] JOIN [order-line] JOIN [tab Item]"
    )


@pytest.mark.parametrize("quote", ['"', "`"])
def test_a_column_is_quoted_as_the_database_wants_it(quote: str) -> None:
    query = "SELECT o.{customerId}, '.{customerId}' FROM {order} AS o"
    assert named_tables(query) == ["order"]
    read = filled(marked(query, quote), lambda name, _: f"[{name}]")
    assert read == f"SELECT o.{quote}customerId{quote}, '.{{customerId}}' FROM [order] AS o"
