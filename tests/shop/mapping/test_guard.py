"""What the SQL of a mapping may do: read, by functions that only compute; all else is refused."""

import time

import pytest

from backend.core.errors import InvalidMapping
from backend.shop.mapping.guard import LONGEST, RefusedSql, UnknownCalls, written_anew
from backend.shop.mapping.layers import load_mapping

POSTGRESQL, MYSQL, SQLITE, DUCKDB = "postgresql", "mysql", "sqlite", "duckdb"
EVERY = (POSTGRESQL, MYSQL, SQLITE, DUCKDB)

REFUSED_EVERYWHERE = {
    "SELECT 1; DROP TABLE o": "a semicolon",
    "SELECT 1 -- and more": "a comment",
    "SELECT 1 /* and more */": "a comment",
    "SELECT 1 /* a /* b */ , sleep(9) */": "",
    "SELECT 1) q; DROP TABLE o; SELECT (1": "a parenthesis that it did not open",
    "SELECT 1) q UNION SELECT (1": "a parenthesis that it did not open",
    "SELECT (1": "cannot be read",
    "SELECT 'open": "open",
    'SELECT "open': "open",
    r"SELECT 'a\'; DROP TABLE o; --'": "a backslash",
    r"SELECT 'a' || '\'": "a backslash",
    "SELECT 1 \0": "cannot be seen",
    "WITH x AS (DELETE FROM o RETURNING *) SELECT * FROM x": "Delete",
    "WITH x AS (INSERT INTO o VALUES (1) RETURNING *) SELECT * FROM x": "Insert",
    "WITH x AS (UPDATE o SET a = 1 RETURNING *) SELECT * FROM x": "Update",
    "WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a FROM x) SELECT * FROM x": "RECURSIVE",
    "SELECT * INTO copied FROM o": "",
    "SELECT * FROM o FOR UPDATE": "",
    "SELECT sys.sleep(9)": "a name with a dot",
    "SELECT ?": "a parameter",
    "SELECT * FROM a.b.c": "",
    "SELECT * FROM sqlite_master": "the database's own",
    "SELECT * FROM Information_Schema.tables": "the database's own",
    "SELECT * FROM \uff50\uff47_shadow": "the database's own",
    "SELECT * FROM pg_stat_activity": "the database's own",
    "DELETE FROM o": "not one SELECT",
    "EXPLAIN SELECT 1": "not one SELECT",
    "VALUES (1)": "not one SELECT",
    "": "empty",
}
REFUSED = {
    POSTGRESQL: {
        "SELECT U&\"pg!005fread!005ffile\" UESCAPE '!' ('/etc/passwd') AS email": "cannot be read",
        'SELECT U&"a"(1)': "quoted",
        'SELECT "pg_sleep"(9)': "quoted",
        "SELECT pg_catalog . pg_sleep (9)": "a name with a dot",
        "SELECT 1 OPERATOR(pg_catalog.+) 2": "OPERATOR",
        "SELECT $$;$$": "a string in dollars",
        "SELECT $x$ y $x$": "a string in dollars",
        "SELECT E'a'": "a string with escapes",
        "SELECT $1": "a variable",
        "SELECT :x": "a parameter",
        "SELECT f(VARIADIC ARRAY[1])": "Variadic",
        "SELECT f(a => 1)": "an argument by name",
        "SELECT * FROM o FOR SHARE": "a lock",
        "SELECT * FROM (SELECT * FROM o FOR KEY SHARE) x": "a lock",
        "SELECT * FROM t TABLESAMPLE system(1)": "a sample",
        "SELECT * FROM ROWS FROM (unnest(ARRAY[1])) x": "ROWS_FROM",
        "SELECT * FROM xmltable('/a' PASSING b COLUMNS c int)": "XMLTable",
        "SELECT * FROM dblink('a', 'b') AS t(a int)": "ColumnDef",
        # A column that is not there is a function of the row: https://www.postgresql.org/docs/current/xfunc-sql.html#XFUNC-SQL-COMPOSITE-FUNCTIONS
        "SELECT x.pg_read_file FROM unnest(ARRAY['/etc/passwd']) x": "may call a function",
        "SELECT X.pg_sleep FROM unnest(ARRAY[1]) x": "may call a function",
        'SELECT "x".pg_sleep FROM unnest(ARRAY[1]) AS x': "may call a function",
        "SELECT s.x.pg_sleep FROM unnest(ARRAY[1]) x": "may call a function",
        "SELECT unnest.pg_sleep FROM unnest(ARRAY[1])": "without giving them a name",
        "SELECT (x).pg_sleep FROM unnest(ARRAY[1]) x": "a name with a dot",
        "SELECT x.pg_sleep_until FROM current_date x": "calls a function",
        "SELECT x.pg_read_file FROM t, LATERAL jsonb_array_elements_text(t.j) AS x": "may call",
    },
    MYSQL: {
        "SELECT a /*!50000 , sleep(3) */ FROM t": "a comment",
        "SELECT a /*M!100000 , sleep(3) */ FROM t": "a comment",
        "SELECT /*+ SET_VAR(sort_buffer_size = 1) */ a FROM t": "a comment",
        "SELECT 1 # and more": "a comment",
        "SELECT `sleep` (9)": "quoted",
        "SELECT @a := 1": "an assignment",
        "SELECT @a": "a variable",
        "SELECT @@version": "a variable of the server",
        "SELECT 1 INTO @a": "INTO",
        "SELECT 1 INTO OUTFILE 'x'": "cannot be read",
        "SELECT * FROM t LOCK IN SHARE MODE": "a lock",
        "SELECT * FROM t PROCEDURE ANALYSE()": "cannot be read",
        "SELECT SQL_CALC_FOUND_ROWS a FROM t": "OPERATION_MODIFIERS",
        "SELECT _gbk'a'": "a character set",
        "SELECT N'a'": "a character set",
        "SELECT NEXT VALUE FOR s": "cannot be read",
        "SELECT \u017fleep(1)": "",
        "SELECT * FROM mysql.user": "the database's own",
        "SELECT seq FROM Seq_1_to_1000000000000": "rows that MariaDB makes",
        "SELECT seq FROM `seq_9_to_1_step_2`": "rows that MariaDB makes",
        "SELECT * FROM `ínformation_schema`.tables": "the database's own",
        "SELECT a FROM t PARTITION (p0)": "PARTITION",
    },
    SQLITE: {
        "SELECT * FROM pragma_database_list": "the database's own",
        "SELECT * FROM [pragma_database_list]": "the database's own",
        "SELECT * FROM 'pragma_database_list'": "the database's own",
        "SELECT * FROM temp.sqlite_temp_master": "the database's own",
        "SELECT * FROM dbstat": "the database's own",
        "PRAGMA writable_schema": "not one SELECT",
    },
    DUCKDB: {
        "SELECT * FROM '/etc/passwd'": "names a file",
        'SELECT * FROM "/etc/passwd"': "names a file",
        "SELECT * FROM 'orders.csv'": "names a file",
        "SELECT * FROM 'https://example.com/a'": "names a file",
        "SELECT * FROM read_csv('/etc/passwd')": "without giving them a name",
        "SELECT * FROM o.b.c": "CATALOG",
        "SELECT o.read_text('x') FROM o": "a name with a dot",
        "SELECT * FROM duckdb_secrets": "the database's own",
        "SELECT list_transform([1], x -> x)": "Lambda",
        "SELECT * FROM o USING SAMPLE 1": "a sample",
        "INSTALL httpfs": "not one SELECT",
        "LOAD httpfs": "not one SELECT",
        "ATTACH 'x.duckdb'": "not one SELECT",
        "COPY o TO 'x.csv'": "not one SELECT",
        "SET memory_limit = '1GB'": "not one SELECT",
        "PRAGMA version": "not one SELECT",
    },
}
NOT_KNOWN = {
    POSTGRESQL: """
        pg_sleep pg_read_file pg_read_binary_file pg_ls_dir lo_import lo_unlink dblink dblink_exec
        ts_stat query_to_xml cursor_to_xml database_to_xml set_config current_setting nextval setval
        pg_advisory_lock pg_notify txid_current inet_client_addr
        pg_terminate_backend has_table_privilege random to_regclass slëep
    """,
    MYSQL: """
        sleep benchmark load_file get_lock release_lock is_free_lock master_gtid_wait
        master_pos_wait extractvalue updatexml name_const nextval lastval setval user rand slëep
        wait_for_executed_gtid_set wsrep_sync_wait_upto_gtid
    """,
    DUCKDB: """
        read_csv read_text read_blob read_parquet parquet_metadata parquet_scan glob sniff_csv
        query query_table getenv getvariable current_setting duckdb_settings sqlite_scan
        postgres_query random nextval columns slëep
    """,
    SQLITE: """
        load_extension readfile writefile fts3_tokenizer randomblob zeroblob edit raise random
        pragma_table_info
    """,
}


@pytest.mark.parametrize("database", EVERY)
@pytest.mark.parametrize(("sql", "problem"), REFUSED_EVERYWHERE.items())
def test_what_does_more_than_read_is_refused(database: str, sql: str, problem: str) -> None:
    with pytest.raises(RefusedSql) as caught:
        written_anew(sql, database)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("database", "sql", "problem"),
    [(kind, sql, problem) for kind, cases in REFUSED.items() for sql, problem in cases.items()],
)
def test_what_one_database_would_run_is_refused(database: str, sql: str, problem: str) -> None:
    with pytest.raises(RefusedSql) as caught:
        written_anew(sql, database)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("database", "function"),
    [(kind, name) for kind, names in NOT_KNOWN.items() for name in names.split()],
)
def test_a_function_that_is_not_known_to_only_read_is_refused_wherever_it_is(
    database: str, function: str
) -> None:
    call = f"{function.upper()} ('x')"
    for sql in (
        f"SELECT {call}",
        f"SELECT lower({call})",
        f"SELECT a FROM t WHERE b IN (SELECT c FROM u WHERE d = {call})",
        f"SELECT sum(a) OVER (ORDER BY {call}) FROM t",
        f"SELECT a FROM t ORDER BY {call}",
        f"SELECT a FROM t JOIN u ON {call} = 1",
        f"WITH w AS (SELECT {call}) SELECT * FROM w",
        f"SELECT CASE WHEN a THEN {call} END FROM t",
    ):
        with pytest.raises(RefusedSql) as caught:
            written_anew(sql, database)
        assert getattr(caught.value, "names", {function}) == {function}, sql


@pytest.mark.parametrize("target", ["regclass", "xml", "pg_lsn", "refcursor", "order_status"])
def test_a_cast_is_to_a_type_that_is_known(target: str) -> None:
    for sql in (f"SELECT 'x'::{target}", f"SELECT CAST(a AS {target}) FROM t"):
        with pytest.raises(UnknownCalls) as caught:
            written_anew(sql, POSTGRESQL)
        assert caught.value.names == {target}


@pytest.mark.parametrize(
    "condition",
    [
        "1 = 1) UNION SELECT (1",
        "a = 1 GROUP BY b",
        "a = 1 ORDER BY b",
        "a = 1 FOR UPDATE",
        "a = 1; DROP TABLE o",
        "a = 1, b",
        "a AS b",
        "SELECT 1",
        "a = 1 -- b",
        "a = pg_sleep(1)",
    ],
)
def test_a_filter_is_one_condition(condition: str) -> None:
    with pytest.raises(RefusedSql):
        written_anew(condition, POSTGRESQL, condition=True)
    assert written_anew("a=1 and b in (1,2)", POSTGRESQL, condition=True) == "a = 1 AND b IN (1, 2)"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "[" * 90,
        "SELECT " + "lower(" * 70 + "a" + ")" * 70,
        "SELECT " + "NOT " * 4000 + "a",
        "SELECT " + "- " * 4000 + "1",
        "SELECT a" + "::int" * 3000,
        "SELECT " + "CASE WHEN a THEN " * 61 + "1" + " END" * 61,
        "SELECT a" + " " * LONGEST,
        "SELECT a" + "[1]" * 6000,
        "SELECT " + ", ".join(["a[1]"] * 2000),
        "SELECT a" + "+1" * 9000,
        "SELECT 1 FROM a" + ",a" * 9000,
    ],
)
def test_what_is_huge_or_deep_is_refused_at_once(sql: str) -> None:
    before = time.process_time()
    with pytest.raises(RefusedSql):
        written_anew(sql, POSTGRESQL)
    assert time.process_time() - before < 5


MAKES_MUCH = {
    POSTGRESQL: (
        "lpad(a, 1001)",
        "rpad(a, 1000000000, 'b')",
        "lpad(a, b)",
        "lpad(a, 9 * 1000000)",
        "CAST(a AS CHAR(10485760))",
        "a::bit(83886080)",
        "a::numeric(100000)",
    ),
    MYSQL: ("rpad(a, 1000000)", "CAST(a AS BINARY(1000000000))", "CONVERT(a, CHAR(99999))"),
    SQLITE: (
        "printf('%2000000000d', a)",
        "PRINTF('%.2000000000f', a)",
        "format('%*d', b, a)",
        "printf(b, a)",
        "printf('%5d' || b, a)",
    ),
}
MAKES_LITTLE = {
    POSTGRESQL: ("LPAD(a, 1000, '0')", "CAST(a AS CHAR(10))", "CAST(a AS VARCHAR(65535))"),
    MYSQL: ("RPAD(a, 9, '0')", "CAST(a AS DECIMAL(18, 2))"),
    SQLITE: ("PRINTF('%05d', a)", "FORMAT('%s-%.2f', a, b)"),
}


@pytest.mark.parametrize(
    ("database", "call"), [(kind, call) for kind, calls in MAKES_MUCH.items() for call in calls]
)
def test_one_call_is_told_to_make_no_more_than_a_number_says(database: str, call: str) -> None:
    with pytest.raises(RefusedSql, match=r"width|wider"):
        written_anew(f"SELECT {call} FROM o", database)


@pytest.mark.parametrize(
    ("database", "call"), [(kind, call) for kind, calls in MAKES_LITTLE.items() for call in calls]
)
def test_one_call_may_make_what_a_shop_has(database: str, call: str) -> None:
    assert written_anew(f"SELECT {call} FROM o", database) == f"SELECT {call} FROM o"


@pytest.mark.parametrize(
    ("database", "names"),
    [
        (POSTGRESQL, "current_user session_user user current_role current_catalog system_user"),
        (POSTGRESQL, "CURRENT_SCHEMA User"),
        (MYSQL, "current_user Current_Role"),
    ],
)
def test_what_tells_of_the_session_without_parentheses_is_called_too(
    database: str, names: str
) -> None:
    for name in names.split():
        for sql in (f"SELECT {name}", f"SELECT lower({name}) FROM o ORDER BY 1"):
            with pytest.raises(UnknownCalls) as caught:
                written_anew(sql, database)
            assert caught.value.names == {name.lower()}
        with pytest.raises(UnknownCalls):
            written_anew(f"a = {name}", database, condition=True)
        quoted = f'"{name}"' if database == POSTGRESQL else f"`{name}`"
        for column in (quoted, f"o.{quoted}", f"a AS {quoted}"):
            assert written_anew(f"SELECT {column} FROM o", database)
        assert written_anew(f"SELECT {name}", database, frozenset({name.lower()}))


@pytest.mark.parametrize("name", ["CURRENT_DATE", "CURRENT_TIMESTAMP"])
@pytest.mark.parametrize("database", EVERY)
def test_the_time_may_be_told_without_parentheses(database: str, name: str) -> None:
    assert name in written_anew(f"SELECT {name}", database)


@pytest.mark.parametrize(
    ("database", "sql", "sent"),
    [
        (SQLITE, "SELECT CAST(a AS NUMERIC)", "SELECT CAST(a AS NUMERIC)"),
        (SQLITE, "SELECT a->>'k'", "SELECT a ->> 'k'"),
        (MYSQL, "SELECT a REGEXP 'x'", "SELECT a REGEXP 'x'"),
        (MYSQL, 'SELECT "it\'s, sleep(3)"', "SELECT 'it''s, sleep(3)'"),
        (MYSQL, "SELECT 5 --1", "SELECT 5 - -1"),
        (POSTGRESQL, "SELECT a->>'x.y', b#>>'{c}'", "SELECT a ->> 'x.y', b #>> '{c}'"),
        (POSTGRESQL, "SELECT o.user AS current_user", "SELECT o.user AS current_user"),
        (POSTGRESQL, "SELECT a::text", "SELECT CAST(a AS TEXT)"),
        (POSTGRESQL, 'SELECT "delete", pg_sleep FROM o', 'SELECT "delete", pg_sleep FROM o'),
        (POSTGRESQL, "SELECT 'it''s; -- fine', '/*'", "SELECT 'it''s; -- fine', '/*'"),
    ],
)
def test_what_only_reads_is_sent_with_its_meaning(database: str, sql: str, sent: str) -> None:
    assert written_anew(sql, database) == sent


def test_the_refusal_prints_the_line_that_keeps_a_mapping_working() -> None:
    variables = {
        "ORDERS_TABLE": "SELECT id, customer_id, shop_total(id) AS total_price, created_at FROM o",
        "CUSTOMERS_FILTER": "is_real(id)",
        "MAPPING_FUNCTIONS": "zone_of",
    }
    with pytest.raises(InvalidMapping) as caught:
        load_mapping(variables, POSTGRESQL)
    line = "MAPPING_FUNCTIONS=is_real,shop_total,zone_of"
    assert str(caught.value).startswith("The shop mapping's CUSTOMERS_FILTER uses ")
    assert line in str(caught.value)
    kept = load_mapping({**variables, "MAPPING_FUNCTIONS": line.partition("=")[2]}, POSTGRESQL)
    assert kept.functions == ("is_real", "shop_total", "zone_of")


@pytest.mark.parametrize("name", ["pg_sleep", "query_to_xml", "sleep", "a b", "lower(", "slëep"])
def test_no_setting_lets_a_mapping_use_what_acts(name: str) -> None:
    with pytest.raises(InvalidMapping, match="no function that only reads"):
        load_mapping({"MAPPING_FUNCTIONS": name}, POSTGRESQL)


def test_a_refusal_of_what_acts_advises_nothing() -> None:
    with pytest.raises(InvalidMapping) as caught:
        load_mapping({"ORDERS_FILTER": "pg_sleep(1) IS NULL AND mine(1)"}, POSTGRESQL)
    assert "MAPPING_FUNCTIONS" not in str(caught.value)


def test_a_mapping_is_refused_where_no_database_would_take_it() -> None:
    assert load_mapping({"ORDERS_FILTER": "a ~ 'x'"}).orders.filter  # PostgreSQL would
    with pytest.raises(InvalidMapping, match="ORDERS_FILTER"):
        load_mapping({"ORDERS_FILTER": "a ~ 'x'"}, "sqlite")
    with pytest.raises(InvalidMapping, match="ORDERS_FILTER"):
        load_mapping({"ORDERS_FILTER": "a = 1; DROP TABLE o"})
