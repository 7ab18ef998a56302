"""What files say of themselves, before any is loaded: notation, currency, refunds, kinds of ids.

Everything that holds for whole files, or for all of a call, is settled here, by every line of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from backend.core.errors import AmbiguousFile, AmbiguousPlace, ImportRefused
from backend.files.currencies import Money, Rates, settled_money
from backend.files.formats import own_tables
from backend.files.formats.column_words import ORDERS, RANKED, plain_words
from backend.files.formats.recognising import Recognised, is_known, recognised
from backend.files.formats.terms import Terms, read_amount, read_date
from backend.files.notation.amount_texts import AmountText, DecimalMark
from backend.files.notation.date_texts import DateOrder, DateText
from backend.files.notation.settling import (
    Choice,
    ChoiceEvidence,
    Notation,
    NotationEvidence,
    Unsettled,
)
from backend.files.records import Line
from backend.files.tables.open_tables import AskedOfTables, tables_in
from backend.files.tables.source_table import Advance, SourceTable
from backend.files.values import NotThat, key
from backend.results.loaded_files import Understanding


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody says of files that the files themselves may not tell.

    Attributes
    ----------
    dates, decimal
        The notation.
    tables
        Encoding, and names of sheets.
    columns
        Our name = the files'.
    usual_columns
        The same of a shop's files in general, of which some lack some.
    currency
        The one that is loaded; others are left out.
    rates
        What others are worth, instead.
    """

    dates: DateOrder | None = None
    decimal: DecimalMark | None = None
    tables: AskedOfTables = field(default_factory=AskedOfTables)
    columns: Mapping[str, str] = field(default_factory=dict)
    usual_columns: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    rates: Rates | None = None


@dataclass(slots=True)
class _Looked:
    """A table, and what its lines say."""

    source: SourceTable
    form: Recognised
    evidence: NotationEvidence = field(default_factory=NotationEvidence)
    currencies: Counter[str] = field(default_factory=Counter)
    has_text_ids: bool = False
    goes_below_zero: bool = False

    def lines(self, advance: Advance = lambda _share: None) -> Iterator[Line]:
        """Yield the lines that are lines, by our names."""
        found = (one for one in self.source.lines(advance) if isinstance(one, Line))
        return self.form.named(found)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A table that can be loaded: how it is read, by which terms.

    Attributes
    ----------
    form
        Its format, with the columns.
    understood
        The same, for people.
    """

    source: SourceTable
    form: Recognised
    terms: Terms
    understood: Understanding


@dataclass(frozen=True, slots=True)
class Survey:
    """All tables of a call, in the order of the files.

    Attributes
    ----------
    has_text_ids
        Whether a customer's id is no number anywhere.
    """

    tables: Sequence[Surveyed]
    has_text_ids: bool


def survey(
    paths: Sequence[Path], asked: Asked, zone: ZoneInfo, advance: Advance = lambda _share: None
) -> Survey:
    """Look at all lines of all files, and settle how they are read.

    Parameters
    ----------
    paths
        Text, Parquet or workbooks.
    asked
        What somebody says of them.
    zone
        The shop's.
    advance
        Called with the share done, in [0, 1].

    Raises
    ------
    AmbiguousFile
        When a file's dates or amounts can be read in two ways.
    ImportRefused
        When a file cannot be read, is of no known format, or the call holds several currencies.
    """
    wanted = _by_our_names("--columns", asked.columns)
    columns = {**_by_our_names("[files]", asked.usual_columns), **wanted}
    sources = [
        table
        for path in paths
        for table in tables_in(path, asked.tables, lambda header: is_known(header, columns))
    ]
    _refuse_columns_nobody_has(wanted, sources)
    looked = [_Looked(one, recognised(one.name, one.header, columns)) for one in sources]
    for place, one in enumerate(looked):
        _look(one, zone, _part(advance, place, len(looked)))
    found = sum((one.currencies for one in looked), Counter[str]())
    money = settled_money(found, asked.currency, asked.rates)
    are_keys = any(one.form.format.table == "customers" and _is_own(one) for one in looked)
    tables = [_surveyed(one, asked, zone, money, are_keys=are_keys) for one in looked]
    own = [pair for pair in zip(looked, tables, strict=True) if _holds_own_orders(pair[0])]
    if any(one.goes_below_zero for one, _ in own):
        refunds = _refunds([(one, table.terms) for one, table in own])
        tables = [replace(one, terms=replace(one.terms, refunds=refunds)) for one in tables]
    return Survey(tables, any(one.has_text_ids for one in looked))


def _holds_own_orders(one: _Looked) -> bool:
    return one.form.format.origin in {"guide", "own"} and one.form.format.table == "orders"


def _by_our_names(place: str, said: Mapping[str, str]) -> dict[str, str]:
    return {_our_name(place, ours): theirs.lower() for ours, theirs in said.items()}


def _our_name(place: str, said: str) -> str:
    """Return our name of a column that somebody calls ours, or as people call it."""
    word = plain_words(said)
    found = next((RANKED[table][word][0] for table in RANKED if word in RANKED[table]), None)
    if found is None:
        known = ", ".join(ORDERS)
        raise ImportRefused(place, f"names {said}, which is none of ours; there are {known}")
    return found


def _part(advance: Advance, place: int, parts: int) -> Advance:
    return lambda share: advance((place + share) / parts)


def _refuse_columns_nobody_has(columns: Mapping[str, str], tables: Sequence[SourceTable]) -> None:
    headers = {name for one in tables for name in one.header}
    for ours, theirs in columns.items():
        if theirs not in headers:
            problem = f"names the column '{theirs}' for {ours}, and no file has it"
            raise ImportRefused("--columns", problem)


def _is_own(one: _Looked) -> bool:
    """Tell whether the ids of a table's customers are keys of its own."""
    return one.form.format.origin in {"guide", "own"} and "customer_id" in one.form.columns


def _look(one: _Looked, zone: ZoneInfo, advance: Advance) -> None:
    """Take what every line says of notation, currency and ids."""
    form = one.form.format
    currency = ""
    for line in one.lines(advance):
        currency = line.get(*form.currencies).upper() or currency
        signs = {_amount(one, line, column, currency) for column in form.amounts}
        for column in form.dates:
            _date(one, line, column, zone)
        if form.currencies:
            _count_currency(one, line.get(*form.currencies).upper(), signs)
        if one.form.columns and not one.has_text_ids:
            one.has_text_ids = isinstance(_id_of(line), str)


def _amount(one: _Looked, line: Line, column: str, currency: str) -> str:
    """Take one amount; return the currency beside it, "" for none."""
    cell = line.cell(column)
    found = read_amount(cell) if cell != "" else None
    if not isinstance(found, AmountText):
        one.goes_below_zero = one.goes_below_zero or (found or 0) < 0
        return ""
    one.goes_below_zero = one.goes_below_zero or found.is_negative
    one.evidence.add_amount(line.number, column, str(cell), found, found.currency or currency)
    return found.currency


def _date(one: _Looked, line: Line, column: str, zone: ZoneInfo) -> None:
    cell = line.cell(column)
    found = read_date(cell, zone) if cell != "" else None
    if isinstance(found, DateText):
        one.evidence.add_date(line.number, column, str(cell), found)


def _count_currency(one: _Looked, named: str, signs: set[str]) -> None:
    beside = {sign for sign in signs if sign}
    for code in {named} if named else beside:
        one.currencies[code] += 1


def _id_of(line: Line) -> int | str:
    try:
        return key("customer_id", line.cell("customer_id"))
    except NotThat:
        return 0


def _surveyed(
    one: _Looked, asked: Asked, zone: ZoneInfo, money: Money, *, are_keys: bool
) -> Surveyed:
    notation = Notation(
        asked.dates or _settled(one, "--dates", one.evidence.dates, DateOrder.YMD),
        asked.decimal or _settled(one, "--decimal", one.evidence.amounts, DecimalMark.POINT),
    )
    form = one.form.format
    is_own = form.origin in {"guide", "own"}
    terms = Terms(zone, notation, money, {}, is_own and (are_keys or form.origin == "guide"))
    return Surveyed(one.source, one.form, terms, _understanding(one, notation))


def _settled(
    one: _Looked, option: str, evidence: ChoiceEvidence[Choice], preferred: Choice
) -> Choice:
    found = evidence.settled(preferred)
    if not isinstance(found, Unsettled):
        return found
    places = [
        AmbiguousPlace(
            place.line,
            place.column,
            place.text,
            {choice.value: str(reading) for choice, reading in place.readings.items()},
        )
        for place in found.places
    ]
    choices = [choice.value for choice in found.choices]
    raise AmbiguousFile(one.source.name, option, choices, places)


def _refunds(tables: Sequence[tuple[_Looked, Terms]]) -> Mapping[int | str, Decimal]:
    """Return what lines below zero give back of the orders whose ids they have, by those.

    Each order is in one of these tables, whichever its refund is in.
    """
    given: dict[int | str, Decimal] = {}
    there: set[int | str | None] = set()
    for one, terms in tables:
        for line in one.lines():
            order, total = own_tables.order_of(line), own_tables.total_of(line, terms) or 0
            if total > 0:
                there.add(order)
            elif total < 0 and order is not None and line.get("refund_of") in {"", str(order)}:
                given[order] = given.get(order, Decimal(0)) - total
    return {order: total for order, total in given.items() if order in there}


def _understanding(one: _Looked, notation: Notation) -> Understanding:
    return Understanding(
        name=one.source.name,
        format=one.form.format.name,
        columns=one.form.columns,
        encoding=one.source.encoding,
        encoding_evidence=one.source.encoding_evidence,
        separator=one.source.separator,
        dates=notation.dates if one.evidence.dates.depends else "",
        decimal=notation.decimal if one.evidence.amounts.depends else "",
        currencies=dict(one.currencies),
    )
