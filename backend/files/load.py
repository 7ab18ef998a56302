"""Files into the guide's tables: all of a call in one transaction, each row once however often."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import DDL, Connection, String, Table, inspect

from backend.core.errors import ImportRefused
from backend.database.engine import AsyncEngine, transaction
from backend.files.create_tables import create_shop_tables
from backend.files.guide_tables import KEPT, kept_columns, shop_tables, split_name
from backend.files.records import Cost, Item, Line, Rejected, TableName
from backend.files.refused_lines import RefusedLines
from backend.files.survey import Asked, Survey, Surveyed, survey
from backend.files.table_writer import KEYS, TableWriter
from backend.files.tables.source_table import Advance
from backend.files.tally import FileTally, SpentTally
from backend.results.loaded_files import ImportSummary

LEAST_SHARE = 0.95
NOTHING_ASKED = Asked()
ADD_TEXT = "ALTER TABLE %(fullname)s ADD COLUMN %(column)s VARCHAR(%(length)s)"
SHARE_OF_SURVEY = 0.4  # of the time that all takes


class _NotTaken(Exception):
    """Ends the transaction without a trace; the summary says what was not taken."""

    def __init__(self, summary: ImportSummary) -> None:
        self.summary = summary


async def import_files(
    engine: AsyncEngine,
    names: Mapping[str, str],
    paths: Sequence[Path],
    *,
    zone: ZoneInfo,
    rejects: Path,
    asked: Asked = NOTHING_ASKED,
    accept_partial: bool = False,
    progress: Callable[[float], None] = lambda _share: None,
) -> ImportSummary:
    """Load files into the guide's tables, making those that are missing.

    Everything that holds for whole files is settled before the first row is loaded. One
    transaction: after an interruption the tables are as they were. A row whose id is there already
    is replaced, so that loading a file twice changes nothing.

    Parameters
    ----------
    engine
        The shop's database.
    names
        ``customers``, ``orders`` and ``line_items``, each ``table`` or ``schema.table``.
    paths
        Text, Parquet or workbooks.
    zone
        The shop's zone.
    rejects
        Where refused lines are written, with file, line number and reason.
    asked
        What somebody says of the files.
    accept_partial
        Whether to load what can be read where that is less than 95 % of a file.
    progress
        Called with the share done, in [0, 1].

    Returns
    -------
    What became of each file; nothing is loaded where its `is_loaded` is false.

    Raises
    ------
    ImportRefused
        When a file cannot be read, is of no known format or can be read in several ways, or a
        table is there that is not the guide's; nothing is loaded.
    """
    found = survey(paths, asked, zone, lambda share: progress(share * SHARE_OF_SURVEY))
    await create_shop_tables(engine, names, text_ids=found.has_text_ids)
    if engine.dialect.name == "sqlite":
        names = {key: split_name(name)[1] for key, name in names.items()}
    metadata = shop_tables(names["customers"], names["orders"], names["line_items"])
    tables: dict[TableName, Table] = {key: metadata.tables[names[key]] for key in KEYS}
    async with transaction(engine, "shop") as connection:
        await connection.run_sync(_require_guides_tables, list(tables.values()))
        await connection.run_sync(_add_kept_columns, tables["orders"])
    try:
        async with transaction(engine, "shop") as connection:
            text_ids = await connection.run_sync(_fit_ids, tables)
            writer = TableWriter(connection, tables, text_ids)
            summary = await _load(writer, found, rejects, progress)
            _require_enough(summary, accept_partial=accept_partial)
    except _NotTaken as not_taken:
        return not_taken.summary.not_loaded()
    return summary


def _require_guides_tables(connection: Connection, tables: Sequence[Table]) -> None:
    """Refuse tables that were there before and are no tables as the guide prints them."""
    inspector = inspect(connection)
    for table in tables:
        there = {column["name"] for column in inspector.get_columns(table.name, table.schema)}
        lacking = [column.name for column in table.c if column.name not in there]
        is_view = table.name in inspector.get_view_names(table.schema)
        if lacking or is_view:
            why = "is a view" if is_view else f"has no column {lacking[0]}"
            problem = f"{why}, so it is not the guide's: name another to be made"
            raise ImportRefused(f"The table {table.fullname}", problem)


def _add_kept_columns(connection: Connection, orders: Table) -> None:
    """Give the orders the columns that the guide's have not, where they lack them."""
    there = {one["name"] for one in inspect(connection).get_columns(orders.name, orders.schema)}
    for name, length in KEPT.items():
        if name not in there:
            context = {"column": name, "length": length}
            connection.execute(DDL(ADD_TEXT, context=context).against(orders))  # type: ignore[no-untyped-call]
    for column in kept_columns():
        orders.append_column(column)


def _fit_ids(
    connection: Connection, tables: Mapping[TableName, Table]
) -> frozenset[tuple[str, str]]:
    """Let ids be text where they are in the database; return where, by table and column."""
    inspector = inspect(connection)
    text_ids: dict[tuple[TableName, str], String] = {
        (key, column["name"]): column["type"]
        for key, table in tables.items()
        for column in inspector.get_columns(table.name, table.schema)
        if isinstance(column["type"], String) and column["name"] in table.c
    }
    for (key, name), kind in text_ids.items():
        tables[key].c[name].type = kind
    return frozenset(text_ids)


async def _load(
    writer: TableWriter, found: Survey, rejects: Path, progress: Callable[[float], None]
) -> ImportSummary:
    spent = SpentTally(any("total spent" in one.source.header for one in found.tables))
    summaries = []
    with RefusedLines(rejects) as refused:
        for place, one in enumerate(found.tables):

            def advance(share: float, done: int = place) -> None:
                share = (done + share) / len(found.tables)
                progress(SHARE_OF_SURVEY + share * (1 - SHARE_OF_SURVEY))

            tally = FileTally(one.understood, one.form.format.table)
            before = writer.replaced[tally.table]
            for item in read_items(one, advance):
                if isinstance(item, Rejected):
                    tally.refuse(item)
                    if item.cost is not Cost.NOTHING:
                        refused.write(one.source.name, item)
                else:
                    tally.take(item)
                    spent.take(item)
                    await writer.take(item)
            await writer.flush()
            tally.replaced = writer.replaced[tally.table] - before
            summaries.append(tally.summary())
            advance(1.0)
    return ImportSummary(summaries, await writer.held(), spent.compared())


def read_items(table: Surveyed, advance: Advance = lambda _share: None) -> Iterator[Item]:
    """Yield the rows of a table and what is refused of it, in the order of its lines."""
    refused: list[Rejected] = []

    def lines() -> Iterator[Line]:
        for found in table.source.lines(advance):
            if isinstance(found, Rejected):
                refused.append(found)
            else:
                yield found

    for item in table.form.format.read(table.form.named(lines()), table.terms):
        yield from _emptied(refused)
        yield item
    yield from _emptied(refused)


def _emptied(refused: list[Rejected]) -> Iterator[Rejected]:
    while refused:
        yield refused.pop(0)


def _require_enough(summary: ImportSummary, *, accept_partial: bool) -> None:
    """Refuse what was taken where it is too little of a file; or nothing, where any will do."""
    read = [one for one in summary.files if one.read]
    is_any = any(one.taken_share for one in read)
    if not is_any or not (accept_partial or all(one.taken_share >= LEAST_SHARE for one in read)):
        raise _NotTaken(summary)
