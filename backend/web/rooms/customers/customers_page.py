"""A list of customers as a value: its people, what they add up to, and the ways on. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from backend.api.lists.list_query import BY_VALUE_AT_RISK
from backend.api.lists.row import FIELDS, ID, PERSON
from backend.results.customer_filter import CONDITIONS
from backend.results.customer_numbers import SUMMED
from backend.web import list_address as asked_by
from backend.web.cells import written
from backend.web.customer_table import (
    ColumnHead,
    CustomerLine,
    columns_of,
    customer_line,
    head,
    plain_heads,
)
from backend.web.entrance import APP
from backend.web.list_address import ListAddress
from backend.web.rooms.customers.customers_reads import MOST_FOUND, CustomersSeen
from backend.web.rooms.customers.list_controls import Choice, Control, controls
from backend.wording import customers_room_sentences as words


@dataclass(frozen=True, slots=True, kw_only=True)
class SumOfList:
    """What the whole list adds up to in one number."""

    name: str
    figure: str
    beside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersPage:
    """All that the page says.

    Attributes
    ----------
    title
        How many they are, all pages together.
    refusal
        What of the question does not fit; "" where all does.
    searched
        What was searched for; "" where nothing was.
    filters_name, filters, are_filters_open
        The conditions, and whether to show them at once.
    kept_by_filters, kept_by_columns
        What each form has to say again beside its own fields: names and values.
    counted_at
        The same page with what the list adds up to, which took too long to be waited for; else
        None.
    are_rows_awaited
        Whether all below the filters follows.
    heads, lines
        The table.
    left_out
        How many are left out because campaigns hold them out; "" where nobody is.
    nobody
        Why there is no line; "" where there are.
    csv, workbook, campaign, following, beginning
        Ways on, one of them to a campaign to these customers; None where there is none.
    """

    title: str
    refusal: str
    searched: str
    search_label: str
    filters_name: str
    filters: Sequence[Control]
    are_filters_open: bool
    kept_by_filters: Sequence[tuple[str, str]]
    columns: Sequence[Choice]
    kept_by_columns: Sequence[tuple[str, str]]
    counted_at: str | None
    sums: Sequence[SumOfList]
    are_rows_awaited: bool
    heads: Sequence[ColumnHead]
    lines: Sequence[CustomerLine]
    left_out: str
    nobody: str
    csv: str | None
    workbook: str | None
    campaign: str | None
    following: str | None
    beginning: str | None


def customers_page(
    seen: CustomersSeen,
    address: ListAddress,
    zone: tzinfo,
    *,
    sees_people: bool,
    refusal: str = "",
) -> CustomersPage:
    """Show a list, or whom a search found.

    Parameters
    ----------
    seen
        What was read.
    address
        What was asked for.
    zone
        The shop's time zone, in which days are told.
    sees_people
        Whether names and e-mails may be shown, and searched for.
    refusal
        Why nothing was read.
    """
    searched = address.last(asked_by.SEARCH)
    columns = columns_of(seen.fields)
    conditions = [one.name for one in CONDITIONS]
    given = sum(bool(address.words(one)) for one in conditions)
    begun = address.without(asked_by.CURSOR, asked_by.SEARCH, asked_by.TOTALS)
    is_list = seen.total is not None or seen.is_counting
    has_file = bool(seen.total) or (seen.is_counting and bool(seen.rows))
    return CustomersPage(
        title=_title(seen, searched),
        refusal=refusal,
        searched=searched,
        search_label=words.SEARCH if sees_people else words.SEARCH_BY_ID,
        filters_name=words.filters(given),
        filters=controls(address, seen.segments),
        are_filters_open=bool(refusal),
        kept_by_filters=begun.without(*conditions).items,
        columns=_columns(seen.fields, sees_people=sees_people),
        kept_by_columns=begun.without(asked_by.FIELDS).items,
        counted_at=address.saying(asked_by.TOTALS, "true") if seen.is_counting else None,
        sums=_sums(seen, zone),
        are_rows_awaited=seen.are_rows_awaited,
        heads=_heads(begun, columns, can_sort=is_list),
        lines=[customer_line(one, columns, zone) for one in seen.rows],
        left_out=words.left_out(seen.left_out) if seen.left_out else "",
        nobody=_nobody(seen, searched, refusal),
        csv=begun.path_of_file("csv") if has_file else None,
        workbook=begun.path_of_file("xlsx") if has_file else None,
        campaign=_campaign(begun, conditions) if has_file else None,
        following=seen.next_cursor and begun.saying(asked_by.CURSOR, seen.next_cursor),
        beginning=begun.path if address.last(asked_by.CURSOR) else None,
    )


def _campaign(begun: ListAddress, conditions: Sequence[str]) -> str:
    """Return where a campaign to these customers is described."""
    chosen = ListAddress(tuple(one for one in begun.items if one[0] in conditions))
    return chosen.below(f"{APP}/campaigns") + "#new"


def _title(seen: CustomersSeen, searched: str) -> str:
    if seen.total is not None:
        return words.how_many(seen.total)
    return words.found(len(seen.rows), MOST_FOUND, searched) if searched else words.NAME


def _nobody(seen: CustomersSeen, searched: str, refusal: str) -> str:
    if seen.rows or refusal:
        return ""
    return words.NOBODY_FOUND if searched else words.NOBODY


def _columns(fields: Iterable[str], *, sees_people: bool) -> list[Choice]:
    chosen = {*fields}
    offered = (one for one in FIELDS if one != ID and (sees_people or one not in PERSON))
    return [Choice(value=one, name=words.number(one), is_chosen=one in chosen) for one in offered]


def _sums(seen: CustomersSeen, zone: tzinfo) -> list[SumOfList]:
    if seen.sums is None or seen.known is None or not seen.total:
        return []
    told = ((str(one.shown_as), seen.sums, seen.known) for one in SUMMED)
    return [
        SumOfList(
            name=words.number(name),
            figure=written(name, sums[name], seen.currency, zone),
            beside="" if known[name] == seen.total else words.known_of(known[name]),
        )
        for name, sums, known in told
    ]


def _heads(begun: ListAddress, columns: Sequence[str], *, can_sort: bool) -> list[ColumnHead]:
    if not can_sort:
        return plain_heads(columns)
    sort = begun.last(asked_by.SORT) or BY_VALUE_AT_RISK
    return [
        head(one, begun.saying(asked_by.SORT, _turned(one, sort)), _direction(one, sort))
        for one in (ID, *columns)
    ]


def _turned(name: str, sort: str) -> str:
    """Return the order that a head asks for: the highest first, and the other way from there."""
    return name if sort == f"-{name}" else f"-{name}"


def _direction(name: str, sort: str) -> str:
    return {name: "ascending", f"-{name}": "descending"}.get(sort, "")
