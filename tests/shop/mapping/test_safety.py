"""What a mapping may put into SQL, and what it is told when it may not."""

import pytest

from backend.core.errors import InvalidMapping
from backend.shop.mapping.safety import (
    checked_identifier,
    checked_query,
    checked_table,
    is_query,
    named_tables,
    with_tables,
)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT 1; DROP TABLE o", "a semicolon"),
        ("SELECT 1;;", "a semicolon"),
        ("SELECT 1 -- and more", "a comment (--)"),
        ("SELECT 1 /* and more */", "a comment (/*)"),
        ("SELECT /*!50000 1 */", "a comment (/*)"),
        ("SELECT 1 # and more", "a comment (#)"),
        ("SELECT 1) q; DROP TABLE o; SELECT (1", "closes a parenthesis that it did not open"),
        ("SELECT 1) q UNION SELECT (1", "closes a parenthesis that it did not open"),
        ("SELECT (1", "leaves a parenthesis open"),
        ("SELECT 'open", "an unmatched '"),
        ('SELECT "open', 'an unmatched "'),
        ("SELECT `open", "an unmatched `"),
        (r"SELECT 'a\'; DROP TABLE o; --'", "an unmatched '"),
        ("SELECT $$;$$", "dollar quoting"),
        ("SELECT $x$ y $x$", "dollar quoting"),
        ("SELECT 1 \0", "a zero byte"),
        ("WITH x AS (DELETE FROM o RETURNING *) SELECT * FROM x", "holds DELETE"),
        ("WITH x AS (INSERT INTO o VALUES (1) RETURNING *) SELECT * FROM x", "holds INSERT"),
        ("WITH x AS (update o set a = 1 RETURNING *) SELECT * FROM x", "holds UPDATE"),
        ("SELECT * INTO copied FROM o", "holds INTO"),
        ("SELECT 1 INTO OUTFILE 'x'", "holds INTO"),
        ("SELECT * FROM o FOR UPDATE", "holds UPDATE"),
        ("SELECT pg_sleep(9)", "calls pg_sleep"),
        ("SELECT pg_catalog . pg_sleep (9)", "calls pg_sleep"),
        ('SELECT "pg_sleep"(9)', 'calls "pg_sleep"'),
        ("SELECT `sleep` (9)", "calls `sleep`"),
        ("SELECT pg_read_binary_file('x')", "calls pg_read_binary_file"),
        ("SELECT lo_unlink(1)", "calls lo_unlink"),
        ("SELECT dblink_exec('x')", "calls dblink_exec"),
        ("SELECT query_to_xml('x', true, true, '')", "calls query_to_xml"),
        ("SELECT load_file('x')", "calls load_file"),
        ("SELECT set_config('a', 'b', false)", "calls set_config"),
        ("SELECT nextval('s')", "calls nextval"),
        ("DELETE FROM o", "must begin with SELECT or WITH"),
        ("EXPLAIN SELECT 1", "must begin with SELECT or WITH"),
        ("", "must begin with SELECT or WITH"),
    ],
)
def test_a_query_that_does_more_than_read_is_refused(query: str, problem: str) -> None:
    with pytest.raises(InvalidMapping) as caught:
        checked_query("orders.query", query)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("The shop mapping's orders.query ")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a, b FROM o WHERE s = 'it''s; -- fine' AND t NOT LIKE '/*%'",
        "SELECT 'delete', 'pg_sleep(1)', \"update\", `insert` FROM o",
        "SELECT updated_at, deleted, created, pg_sleep FROM o",
        "SELECT replace(a, 'x', 'y'), pg_typeof(a), a::text, a[1:2] FROM o",
        "SELECT a #>> '{b}', a #> '{c}', a ->> 'd', 1 - 1 FROM o",
        "WITH paid AS (SELECT * FROM o) SELECT * FROM paid WHERE (a + (b)) IN (1, 2)",
        "select größe from bestellung",
    ],
)
def test_a_query_that_only_reads_is_taken_as_it_is(query: str) -> None:
    assert checked_query("orders.query", query) == query


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
    query = "SELECT a #>> '{order}', \"{order}\" FROM {order} JOIN {order-line}"
    assert named_tables(query) == ["order", "order-line"]
    assert (
        with_tables(query, lambda name: f"[{name}]")
        == "SELECT a #>> '{order}', \"{order}\" FROM [order] JOIN [order-line]"
    )
