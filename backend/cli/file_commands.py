"""Files of the shop's data: load them, or see how they would be read."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.configuration import checked_settings, shop_table_names
from backend.cli.consoles import out
from backend.cli.following import followed
from backend.core.errors import ImportRefused, TooLittleTaken
from backend.core.settings import Settings
from backend.core.warehouse_urls import refuse_loading
from backend.database.engine import opened
from backend.files.currencies import read_rates
from backend.files.load import LEAST_SHARE, import_files
from backend.files.look import look_at_files
from backend.files.notation.amount_texts import DecimalMark
from backend.files.notation.date_texts import DateOrder
from backend.files.survey import Asked
from backend.files.tables.open_tables import AskedOfTables
from backend.results.loaded_files import ImportSummary
from backend.shop.mapping.layers import load_mapping, parse_columns
from backend.shop.mapping.mapping import ShopMapping
from backend.wording.file_sentences import look_lines, summary_lines

REJECTS = Path("rejected.csv")

Dates = Annotated[
    DateOrder | None,
    typer.Option(help="The order of day, month and year, where files do not tell."),
]
Decimal = Annotated[
    str | None, typer.Option(help="What is before the fraction of amounts: point or comma.")
]
Encoding = Annotated[str | None, typer.Option(help="Such as utf-8 or cp1252.")]
Columns = Annotated[
    str | None, typer.Option(help="Our names = the files', such as order_id=Nr,total_price=Sum.")
]
Sheets = Annotated[
    list[str] | None, typer.Option("--sheet", help="A workbook's sheet; may be repeated.")
]
Currency = Annotated[
    str | None, typer.Option(help="Orders in others are left out. Default: CURRENCY.")
]
Rates = Annotated[
    str | None,
    typer.Option(help="Convert: USD=1,EUR=1.08, or a CSV of date, currency, rate."),
]
DECIMALS: Mapping[str, DecimalMark] = {
    **{mark.value: mark for mark in DecimalMark},
    "point": DecimalMark.POINT,
    "comma": DecimalMark.COMMA,
}


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What the commands take that says how files are written, as typer is told of it."""

    dates: Dates = None
    decimal: Decimal = None
    encoding: Encoding = None
    columns: Columns = None
    sheets: Sheets = None
    currency: Currency = None
    rates: Rates = None

    def asked(self, mapping: ShopMapping) -> Asked:
        currency = self.currency or mapping.currency.only
        return Asked(
            dates=self.dates,
            decimal=_decimal(self.decimal),
            tables=AskedOfTables(self.encoding, self.sheets or ()),
            columns=parse_columns("--columns", self.columns or ""),
            usual_columns=mapping.files,
            currency=currency,
            rates=read_rates(self.rates, currency) if self.rates else None,
        )


def taking_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the fields of `FileOptions` as options, and hand it them as one argument."""
    own = [one for name, one in signature(command).parameters.items() if name != "options"]
    shared = [
        Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type)
        for one in fields(FileOptions)
    ]

    def told(**given: Any) -> None:
        options = FileOptions(**{one.name: given.pop(one.name) for one in shared})
        command(options=options, **given)

    told.__name__, told.__doc__ = command.__name__, command.__doc__
    told.__signature__ = Signature([*own, *shared])  # type: ignore[attr-defined]
    told.__annotations__ = {one.name: one.annotation for one in (*own, *shared)}
    return told


def _decimal(text: str | None) -> DecimalMark | None:
    if text is None:
        return None
    if text not in DECIMALS:
        raise ImportRefused("--decimal", f"is '{text}'; expected {' or '.join(DECIMALS)}")
    return DECIMALS[text]


@taking_options
def import_command(
    files: Annotated[
        list[Path],
        typer.Argument(help="Orders, order lines and customers, as text, Parquet or workbooks."),
    ],
    options: FileOptions,
    rejects: Annotated[Path, typer.Option(help="Where refused lines go.")] = REJECTS,
    accept_partial: Annotated[
        bool, typer.Option("--accept-partial", help="Load also less than 95 % of a file.")
    ] = False,
) -> None:
    """Load files into the guide's shop tables, each row once however often."""
    summary = asyncio.run(
        _import(checked_settings(), files, options, rejects, accept_partial=accept_partial)
    )
    for line in summary_lines(summary):
        out.print(line, soft_wrap=True)
    if any(one.refused or one.parts_refused for one in summary.files):
        out.print(f"All refused lines: {rejects}")
    if not summary.is_loaded:
        raise _too_little(summary)


def _too_little(summary: ImportSummary) -> TooLittleTaken:
    short = [one for one in summary.files if one.taken_share < LEAST_SHARE]
    worst = min(short, key=lambda one: (one.read == 0, one.taken_share))
    return TooLittleTaken(worst.understood.name, worst.loaded + worst.replaced, worst.read)


async def _import(
    settings: Settings,
    files: Sequence[Path],
    options: FileOptions,
    rejects: Path,
    *,
    accept_partial: bool,
) -> ImportSummary:
    refuse_loading(settings.shop_url)
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    asked = options.asked(mapping)
    async with opened(settings.shop_url) as engine:
        with followed(wanted=True) as tell:
            return await import_files(
                engine,
                await shop_table_names(settings, engine),
                files,
                zone=mapping.zone,
                rejects=rejects,
                asked=asked,
                accept_partial=accept_partial,
                progress=lambda share: tell("import", share),
            )


@taking_options
def check_files(
    files: Annotated[list[Path], typer.Argument(help="As for import.")],
    options: FileOptions,
) -> None:
    """Show how files would be read, five rows of each; loads nothing."""
    settings = checked_settings()
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    for look in look_at_files(files, options.asked(mapping), mapping.zone):
        for line in look_lines(look):
            out.print(line, soft_wrap=True)
