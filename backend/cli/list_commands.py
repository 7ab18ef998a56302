"""Lists as files."""

import asyncio
import sys
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from pydantic import ValidationError

from backend.api.lists.list_csv import within
from backend.api.lists.list_query import BY_VALUE_AT_RISK, ListQuery, Question
from backend.api.lists.list_told import told
from backend.api.lists.read_list import AskedList
from backend.api.lists.whole_list import whole_list
from backend.cli.configuration import checked_settings
from backend.cli.consoles import err
from backend.core.glossary import Action
from backend.core.settings import Settings
from backend.database.copied import rows_in
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncEngine, opened, transaction
from backend.database.sqlite_files import opening_of_ours, opening_of_shop
from backend.files.list_files import CSV_FILE, csv_file, in_csv, list_file
from backend.results.customer_filter import CONDITIONS, Comparison
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.store.audit import COMMAND, record

STANDARD_OUTPUT = "-"
Written = tuple[int, int | None]
"""How many were written, and how many left out because campaigns hold them out; None: nobody is."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the list is read."""

    engine: AsyncEngine
    file_engine: AsyncEngine
    shop_engine: AsyncEngine
    shop: Shop

    @property
    def is_one_database(self) -> bool:
        """Whether the shop's tables and ours can be joined."""
        return self.engine.url == self.shop_engine.url


def export(out: str, sort: str, fields: list[str], **conditions: Any) -> None:
    """Write the customers who meet all conditions to a file."""
    given = {name: value for name, value in conditions.items() if value not in (None, [], ())}
    try:
        query = ListQuery(sort=sort, fields=fields, **given)
    except ValidationError as error:
        problem = error.errors()[0]
        option = "--" + "-".join(str(problem["loc"][0]).split("_"))
        raise typer.BadParameter(f"{option}: {problem['msg']}.") from None
    count, left_out = asyncio.run(_export(checked_settings(), query, out))
    err.print(f"{count:,} customers written to {out}")
    if left_out is not None:
        err.print(f"{left_out:,} left out: campaigns hold them out")


def _options() -> list[Parameter]:
    """Make one option of each condition, and those that a file needs besides."""
    repeated = "; repeat it for several"
    conditions: dict[str, Any] = {
        one.name: (
            Annotated[list[str], typer.Option(help=one.meaning + repeated)]
            if one.comparison is Comparison.ONE_OF
            else Annotated[str | None, typer.Option(help=one.meaning)]
        )
        for one in CONDITIONS
    }
    said = Question.model_fields["sort"].description
    options: dict[str, tuple[Any, Any]] = {
        "out": (
            Annotated[str, typer.Option(help="A .csv, .parquet or .xlsx; - for CSV here.")],
            STANDARD_OUTPUT,
        ),
        "sort": (Annotated[str, typer.Option(help=said)], BY_VALUE_AT_RISK),
        "fields": (Annotated[list[str], typer.Option(help="Only these" + repeated)], []),
        **{name: (of, [] if "list" in str(of) else None) for name, of in conditions.items()},
    }
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]


OPTIONS = _options()
export.__signature__ = Signature(OPTIONS)  # type: ignore[attr-defined]  # typer reads it
export.__annotations__ = {one.name: one.annotation for one in OPTIONS}


async def _export(settings: Settings, query: ListQuery, out: str) -> Written:
    urls = settings.shop_url, settings.intelligence_url
    shop = Shop(load_mapping(settings.shop_variables(), settings.shop_database))
    asked = AskedList.begun(query, query.question, shop.mapping.zone, sees_people=True)
    async with (
        opened(settings.shop_url, opening=opening_of_shop(*urls)) as shop_engine,
        opened(settings.intelligence_url, opening=opening_of_ours(*urls)) as engine,
    ):
        sources = Sources(engine, engine, shop_engine, shop)
        written = _csv_written if _is_csv(out) else _table_written
        return await written(sources, asked, out, settings.export_seconds)


async def _csv_written(sources: Sources, asked: AskedList, out: str, seconds: float) -> Written:
    count = 0
    with _opened_for_csv(out) as file:

        async def take(piece: bytes) -> None:
            nonlocal count
            file.write(piece)
            count += rows_in(piece)

        async with within(seconds), whole_list(sources, asked) as whole:
            await _note(sources.engine, asked)
            file.write(in_csv([[one.name for one in asked.columns.of_file]]).encode())
            await whole.write(take)
            left_out = whole.left_out
    return count, left_out


async def _table_written(sources: Sources, asked: AskedList, out: str, seconds: float) -> Written:
    count = 0
    with list_file(Path(out), asked.columns.of_file) as write:
        async with (
            within(seconds),
            whole_list(sources, asked) as whole,
            aclosing(whole.pages()) as following,
        ):
            await _note(sources.engine, asked)
            async for page in following:
                write(page.values(asked.columns))
                count += len(page.listed)
            left_out = whole.left_out
    return count, left_out


async def _note(engine: AsyncEngine, asked: AskedList) -> None:
    async with transaction(engine) as connection:
        now, line = await read_clock(connection), told(asked.question)
        await record(connection, COMMAND, Action.LIST_EXPORTED, line, now=now)


def _is_csv(out: str) -> bool:
    return out == STANDARD_OUTPUT or Path(out).suffix.lower() == CSV_FILE


def _opened_for_csv(out: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if out == STANDARD_OUTPUT else csv_file(Path(out))
