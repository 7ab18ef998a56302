"""Our tables get the prefix `intelligence_`, with their indexes, constraints and sequences.

Only what 10.0 left is renamed; a new installation has the prefix from `0001` on. Views stay under
the old names for one version, so that who still reads them goes on; they refuse what is written.
Whether a run is at work was looked at before, under the same lock.

On MySQL and MariaDB each statement commits by itself. There one RENAME TABLE moves all, whatever is
done is passed over, and the name of one index, changed last, tells a renaming that was cut short
from a new installation.
"""

import logging
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

log = logging.getLogger("alembic.runtime.migration")

# As 10.0 had them: by these columns its tables are known, and the old names go on showing them.
COLUMNS = {
    "runs": "id state active published revision request as_of customer_id_type lease_token "
    "lease_until stage share_done counts queued_at started_at finished_at error report "
    "explainer model",
    "segments": "id position parent_id level name description customer_count avg_ltv "
    "churn_risk_avg profile run_id is_group",
    "segment_names": "segment_id name description given_by updated_at",
    "segment_changes": "id customer_id from_segment_id to_segment_id changed_at run_id cause",
    "segment_lineage": "id segment_id event relatives happened_at run_id",
}
INDEXES = {
    "idx_segment_changes_customer": ("segment_changes", "customer_id"),
    "idx_segment_changes_run": ("segment_changes", "run_id"),
    "idx_runs_queued_at": ("runs", "queued_at"),
}
UNIQUE = {
    "uq_runs_active": "runs",
    "uq_runs_published": "runs",
    "uq_segment_names_name": "segment_names",
}
CHECK = "ck_runs_state"
STATES = "state IN ('queued', 'running', 'succeeded', 'failed')"
CHANGED_LAST = "idx_runs_queued_at"
# 10.0 takes an error with these last words for a database that is away: its callers get 503 and a
# sentence, and its log no traceback.
REFUSAL = (
    "A newer version of the Intelligence Backend has these tables: stop this process and start the "
    "new version. For version 10.0 the database is locked"
)

Naming = Callable[[str], str]


def upgrade() -> None:
    move, _ = _steps()
    move()


def downgrade() -> None:
    if theirs := _taken():
        raise CommandError(f"The shop has {theirs[0]} itself; 10.0 needs that name for its own.")
    _, move_back = _steps()
    move_back()


def _steps() -> tuple[Callable[[], None], Callable[[], None]]:
    on_mysql = (_move_on_mysql, _move_back_on_mysql)
    return {
        "postgresql": (_move_on_postgresql, _move_back_on_postgresql),
        "sqlite": (_move_on_sqlite, _move_back_on_sqlite),
    }.get(op.get_bind().dialect.name, on_mysql)


def _as_it_is(name: str) -> str:
    return name


def _prefixed(name: str) -> str:
    """Return the new name of a table or of a part of one."""
    kind, _, rest = name.partition("_")
    parts = {"idx", "uq", "ck"}
    return f"{kind}_intelligence_{rest}" if kind in parts else f"intelligence_{name}"


def _tables() -> set[str]:
    return set(sa.inspect(op.get_bind()).get_table_names())


def _left_by_10_0() -> list[str]:
    """Return the tables of ours that have their old names; a shop's own are not among them."""
    there = _tables()
    inspector = sa.inspect(op.get_bind())
    return [
        name
        for name, columns in COLUMNS.items()
        if name in there
        and _prefixed(name) not in there
        and set(columns.split()) <= {column["name"] for column in inspector.get_columns(name)}
    ]


def _selected(name: str) -> str:
    """Select what 10.0 selects; of runs the ended ones, so that its workers find nothing to do."""
    columns = ", ".join(f"ours.{column}" for column in COLUMNS[name].split())
    ended = " WHERE ours.active IS NULL" if name == "runs" else ""
    return f"SELECT {columns} FROM {_prefixed(name)} AS ours{ended}"


def _taken() -> list[str]:
    """Return the old names under which the shop has something of its own."""
    there = _tables()
    theirs = {*there, *sa.inspect(op.get_bind()).get_view_names()} - set(_our_views())
    return [name for name in COLUMNS if name in theirs and _prefixed(name) in there]


def _our_views() -> list[str]:
    inspector = sa.inspect(op.get_bind())
    named = [name for name in inspector.get_view_names() if name in COLUMNS]
    return [name for name in named if _prefixed(name) in str(inspector.get_view_definition(name))]


def _drop_views() -> None:
    for name in _our_views():
        op.execute(f"DROP VIEW {name}")


# PostgreSQL


def _move_on_postgresql() -> None:
    if not (old := _left_by_10_0()):
        return
    _rename_on_postgresql(old, _as_it_is, _prefixed)
    op.execute(
        "CREATE FUNCTION intelligence_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    for name in old:
        op.execute(f"CREATE VIEW {name} AS {_selected(name)}")
        op.execute(
            f"CREATE TRIGGER only_to_read INSTEAD OF INSERT OR UPDATE OR DELETE ON {name} "
            "FOR EACH ROW EXECUTE FUNCTION intelligence_refuses()"
        )
        _let_the_same_users_read(name)


def _move_back_on_postgresql() -> None:
    try:
        _drop_views()
    except DBAPIError as refused:
        told = getattr(refused.driver_exception, "detail", None) or refused.orig
        raise CommandError(
            f"{told}: let it read the new name instead, or drop it, and try again."
        ) from None
    op.execute("DROP FUNCTION IF EXISTS intelligence_refuses()")
    _rename_on_postgresql(COLUMNS, _prefixed, _as_it_is)


def _rename_on_postgresql(tables: Iterable[str], before: Naming, after: Naming) -> None:
    for name in tables:
        op.rename_table(before(name), after(name))
        for part in (f"{name}_pkey", f"{name}_id_seq"):
            kind = "SEQUENCE" if part.endswith("_seq") else "INDEX"
            op.execute(f"ALTER {kind} IF EXISTS {before(part)} RENAME TO {after(part)}")
    for part in (*INDEXES, *UNIQUE):
        op.execute(f"ALTER INDEX IF EXISTS {before(part)} RENAME TO {after(part)}")
    op.execute(f"ALTER TABLE {after('runs')} RENAME CONSTRAINT {before(CHECK)} TO {after(CHECK)}")


def _let_the_same_users_read(name: str) -> None:
    """Give the view's readers what the table's have."""
    granted = op.get_bind().execute(
        sa.text(
            "SELECT DISTINCT CASE WHEN r.oid IS NULL THEN 'PUBLIC' ELSE quote_ident(r.rolname) END"
            " FROM pg_class c, aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
            " WHERE c.oid = to_regclass(:table) AND a.privilege_type = 'SELECT'"
            " AND a.grantee <> c.relowner"
        ),
        {"table": _prefixed(name)},
    )
    for reader in granted.scalars().all():
        op.execute(f"GRANT SELECT ON {name} TO {reader}")


# SQLite


def _move_on_sqlite() -> None:
    if not (old := _left_by_10_0()):
        return
    _rename_on_sqlite(old, _as_it_is, _prefixed)
    for name in old:
        op.execute(f"CREATE VIEW {name} AS {_selected(name)}")
        for verb in ("INSERT", "UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {_prefixed(name)}_no_{verb} INSTEAD OF {verb} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )


def _move_back_on_sqlite() -> None:
    _drop_views()
    _rename_on_sqlite(COLUMNS, _prefixed, _as_it_is)


def _rename_on_sqlite(tables: Iterable[str], before: Naming, after: Naming) -> None:
    for name in tables:
        op.rename_table(before(name), after(name))
    for name in sorted({"runs", *UNIQUE.values()}):
        _rename_constraints_on_sqlite(name, before, after)
    for part, (name, column) in INDEXES.items():
        op.execute(f"DROP INDEX IF EXISTS {before(part)}")
        op.create_index(after(part), after(name), [column])


def _rename_constraints_on_sqlite(name: str, before: Naming, after: Naming) -> None:
    """Make the table again: SQLite renames no constraint."""
    table = after(name)
    stored = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    made = str(op.get_bind().scalar(stored, {"table": table})).replace(table, f"{table}_anew", 1)
    for part in (*(unique for unique, of in UNIQUE.items() if of == name), CHECK):
        made = made.replace(f"{before(part)} ", f"{after(part)} ")
    op.execute(sa.text(made.replace(":", "\\:")))
    op.execute(f"INSERT INTO {table}_anew SELECT * FROM {table}")
    op.execute(f"DROP TABLE {table}")
    # Else SQLite refuses to rename while a user's view still speaks of the table that is gone.
    op.execute("PRAGMA legacy_alter_table = ON")
    op.rename_table(f"{table}_anew", table)
    op.execute("PRAGMA legacy_alter_table = OFF")


# MySQL and MariaDB


def _move_on_mysql() -> None:
    if old := _left_by_10_0():
        op.execute("RENAME TABLE " + ", ".join(f"{name} TO {_prefixed(name)}" for name in old))
    if CHANGED_LAST not in _indexes_on_mysql("intelligence_runs"):
        return  # a new installation
    _create_views_on_mysql()
    _rename_parts_on_mysql(_prefixed, _as_it_is, _prefixed)


def _move_back_on_mysql() -> None:
    _drop_views()
    old = [name for name in COLUMNS if _prefixed(name) in _tables()]
    if old:
        op.execute("RENAME TABLE " + ", ".join(f"{_prefixed(name)} TO {name}" for name in old))
    _rename_parts_on_mysql(_as_it_is, _prefixed, _as_it_is)


def _create_views_on_mysql() -> None:
    """Make the views; a condition on the table itself keeps MySQL from writing through them."""
    for name in COLUMNS:
        word = "AND" if name == "runs" else "WHERE"
        read_only = f"{word} EXISTS (SELECT 1 FROM {_prefixed(name)})"
        try:
            op.execute(f"CREATE OR REPLACE VIEW {name} AS {_selected(name)} {read_only}")
        except DBAPIError as refused:
            log.warning("no view under the old name %s: %s", name, refused.orig)


def _rename_parts_on_mysql(table: Naming, before: Naming, after: Naming) -> None:
    parts = {**{index: of for index, (of, _) in INDEXES.items()}, **UNIQUE}
    for part in sorted(parts, key=lambda part: part == CHANGED_LAST):
        if part == CHANGED_LAST:
            _rename_check_on_mysql(table("runs"), before(CHECK), after(CHECK))
        of = table(parts[part])
        if before(part) in _indexes_on_mysql(of):
            op.execute(f"ALTER TABLE {of} RENAME INDEX {before(part)} TO {after(part)}")


def _rename_check_on_mysql(table: str, before: str, after: str) -> None:
    checks = sa.inspect(op.get_bind()).get_check_constraints(table)
    if before in {check["name"] for check in checks}:
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {before}, ADD CONSTRAINT {after} CHECK ({STATES})"
        )


def _indexes_on_mysql(table: str) -> set[str | None]:
    return {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
