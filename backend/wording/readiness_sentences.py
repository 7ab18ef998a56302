"""What a check found, as sentences: what it is, and what to do about it."""

from collections.abc import Iterable, Mapping
from functools import singledispatch

from backend.core.glossary import Reason
from backend.readiness.database_judgement import (
    OurTables,
    PoolerInFront,
    ShopFile,
    ShopUser,
    ShopUserPowers,
    UnusableTables,
)
from backend.readiness.judgement import (
    Buyers,
    ColumnKinds,
    Freshness,
    HistoryLength,
    Judgement,
    LeftOutOrders,
    MappingHeard,
    MissingIndexes,
    MissingTable,
    NoOrdersAtAll,
    NothingCounts,
    OnSearchPath,
    OrdersAtNight,
    PresetRead,
    RepeatedEmails,
    RepeatedIds,
    RowsWithoutId,
    SeenCurrencies,
    SeenStatuses,
    SlowSearch,
    StatedTotals,
    UnequalKinds,
    UnfitKind,
    Unreadable,
    Unseen,
)
from backend.results.readiness import Finding, Readiness
from backend.wording.order_judgement_sentences import ORDER_SENTENCES
from backend.wording.order_reasons import left_out

LEFT_OUT: Mapping[Reason, str] = {
    Reason.NULL_CUSTOMER: "have no customer and count for nobody",
    Reason.UNKNOWN_CUSTOMER: "name a customer who is not in the customers' table",
    Reason.NOT_POSITIVE: "have a total of zero or less and do not count",
    Reason.NULL_AMOUNT: "have no total",
    Reason.NO_RATE: "have no exchange rate above zero",
    Reason.ABSURD_AMOUNT: "have a total that is no sane number",
    Reason.NULL_DATE: "have no date, or one that cannot be read",
    Reason.FUTURE_DATE: "are dated in the future",
    Reason.DUPLICATE_ORDER_ID: "repeat an order's id; the earliest of each counts",
}
EXPECTED_KINDS = {"orders.total_price": "a number", "orders.created_at": "a date"}
MOST_NAMED = 5


def readiness_in_words(judgements: Iterable[Judgement]) -> Readiness:
    """Say all that a check found."""
    return Readiness.of(finding_in_words(judgement) for judgement in judgements)


def finding_in_words(judgement: Judgement) -> Finding:
    """Say one thing that a check found."""
    sentence = _sentence(judgement)
    return Finding(judgement.code, judgement.level, sentence, judgement.facts, judgement.settings)


@singledispatch
def _sentence(judgement: Judgement) -> str:
    raise NotImplementedError(type(judgement).__name__)


for _kind, _say in ORDER_SENTENCES.items():
    _sentence.register(_kind, _say)


@_sentence.register
def _(found: MissingTable) -> str:
    hint = f" Tables with a similar name: {', '.join(found.similar)}." if found.similar else ""
    return f"{found.problem}{hint}"


@_sentence.register
def _(found: Unreadable | UnusableTables) -> str:
    return found.problem


@_sentence.register
def _(found: Unseen) -> str:
    return f"Could not be looked at: {found.obstacle}"


@_sentence.register
def _(found: MappingHeard) -> str:
    return " ".join(found.notes) or "All that is configured of the shop is heard."


@_sentence.register
def _(found: OnSearchPath) -> str:
    return (
        "No table is named, and the schema ecommerce has none of them: on the search path, "
        f"{', '.join(found.tables)} are read."
    )


@_sentence.register
def _(found: PresetRead) -> str:
    parts = [f"The preset {found.preset} is read"]
    if found.variant:
        parts.append(f" as {found.variant}")
    if found.lacking:
        parts.append(f", without {', '.join(found.lacking)}: there is no such table or column")
    if found.stored_lists:
        lists = " and ".join(found.stored_lists)
        parts.append(f"; which statuses are {lists} was read in the shop's own settings")
    return f"{''.join(parts)}."


@_sentence.register
def _(found: RepeatedIds) -> str:
    if not found.repeated:
        return "Each customer has an id of their own."
    return (
        f"{found.repeated:,} of {found.customers:,} customers repeat another's id and are taken "
        "for one: does the table hold versions or copies?"
    )


@_sentence.register
def _(found: RepeatedEmails) -> str:
    if found.level == "ok":
        return "Hardly any e-mail has several customers."
    share = found.repeated / found.customers
    return (
        f"{found.repeated:,} customers ({share:.0%}) repeat another's e-mail: set "
        "MERGE_GUESTS=true to make them one."
    )


@_sentence.register
def _(found: RowsWithoutId) -> str:
    return (
        f"{found.rows:,} rows of the customers' table hold no id that can be kept, and are left "
        f"out: NULL, an empty text, one longer than {found.longest} characters, or with a NUL "
        "character."
    )


@_sentence.register
def _(found: SeenStatuses) -> str:
    if not found.unknown:
        seen = (f"{one or 'no status'}: {found.treated[one]}" for one in found.orders)
        return f"Statuses seen: {', '.join(seen) or 'none'}."
    named = (f"'{one}' ({found.orders[one]:,} orders)" for one in found.unknown[:MOST_NAMED])
    return (
        f"No list names the status {', '.join(named)}: these orders do not count. Counted are "
        f"{', '.join(found.counted)}; set COUNTED_STATUSES, CANCELLED_STATUSES or "
        "REFUNDED_STATUSES."
    )


@_sentence.register
def _(_: NoOrdersAtAll) -> str:
    return "There are no orders: is this the right table?"


@_sentence.register
def _(found: NothingCounts) -> str:
    reasons = (f"{count:,} are {left_out(one)}" for one, count in found.reasons.items())
    return f"None of {found.orders:,} orders counts: {', '.join(reasons)}."


@_sentence.register
def _(found: LeftOutOrders) -> str:
    return f"{found.orders:,} of {found.of:,} orders ({found.share:.1%}) {LEFT_OUT[found.reason]}."


@_sentence.register
def _(found: OrdersAtNight) -> str:
    if found.share is None:
        return "Too few orders tell the time of day to judge the zone."
    placed = f"{found.share:.0%} of the orders were placed between 1 and 6 at night in"
    if found.level == "ok":
        return f"{placed} {found.time_zone}."
    return f"{placed} {found.time_zone}: is the zone right? Set SHOP_TIME_ZONE."


@_sentence.register
def _(found: SeenCurrencies) -> str:
    if found.level == "ok":
        return _one_currency(found)
    if not any(found.orders):
        return (
            "No order names its currency, which the preset would read: if the shop sells in "
            "several, their amounts are added up as they are."
        )
    if found.level == "warning":
        everything = sum(found.orders.values())
        return (
            f"{found.orders['']:,} of {everything:,} orders name no currency, and are added to the "
            "others as if they were in one."
        )
    named = (f"{name or 'none'} ({count:,})" for name, count in found.orders.items())
    return (
        f"Orders are in several currencies, {', '.join(named)}, and would be added as they are: "
        "set CURRENCY to count one, or CURRENCY_RATE to convert."
    )


def _one_currency(found: SeenCurrencies) -> str:
    if any(found.orders):
        return "Amounts are in one currency, or are made so."
    return "Nothing tells which currency amounts are in: they are taken to be in one."


@_sentence.register
def _(found: StatedTotals) -> str:
    if not found.compared:
        return "The customers' table says nothing of their orders."
    share = found.disagreeing / found.compared
    advice = " Are orders missing, or other statuses counted there?"
    return (
        f"total_spent or orders_count disagree with the orders of {found.disagreeing:,} of "
        f"{found.compared:,} customers ({share:.0%}).{'' if found.level == 'ok' else advice}"
    )


@_sentence.register
def _(found: HistoryLength) -> str:
    end = "" if found.level == "ok" else ": it is tried over a shorter time, and less sure"
    return (
        f"There are {found.days:.0f} days of history for {found.target}; its backtest over "
        f"{found.horizon_days} days wants {found.wanted_days}{end}."
    )


@_sentence.register
def _(found: Freshness) -> str:
    if found.level == "ok":
        return f"The last order is {found.days:.0f} days old."
    return (
        f"The last order is {found.days:.0f} days old, so everybody seems to be leaving: is the "
        "copy up to date? A historical shop is run with an as_of of its own."
    )


@_sentence.register
def _(found: Buyers) -> str:
    if found.level == "ok":
        return f"{found.buyers:,} customers have ordered."
    lacking = "one segment, no grades" if found.buyers < found.wanted_by_segments else "no grades"
    return (
        f"Only {found.buyers} customers have ordered: segments want {found.wanted_by_segments}, "
        f"grades {found.wanted_by_grades}; there will be {lacking}."
    )


@_sentence.register
def _(found: ColumnKinds) -> str:
    if not found.misfits:
        return "The columns' types fit."
    wrong = "; ".join(_misfit(misfit, found.kinds) for misfit in found.misfits)
    return f"Types do not fit and are converted: {wrong}."


def _misfit(misfit: UnequalKinds | UnfitKind, kinds: Mapping[str, str]) -> str:
    if isinstance(misfit, UnfitKind):
        return (
            f"{misfit.column} is {kinds[misfit.column]}, expected {EXPECTED_KINDS[misfit.column]}"
        )
    ours, theirs = misfit.ours, misfit.theirs
    return f"{ours} is {kinds[ours]}, {theirs} is {kinds[theirs]}"


@_sentence.register
def _(found: MissingIndexes) -> str:
    if not found.statements:
        return "The shop's tables have the indexes that are used."
    return (
        f"Reading would be quicker with {len(found.statements)} more: {' '.join(found.statements)}"
    )


@_sentence.register
def _(found: SlowSearch) -> str:
    return (
        "A search by a part of a name looks at every customer, unless SEARCH_INDEX=true keeps a "
        f"copy of e-mails and names. Where few match, this index helps too: {found.statement}"
    )


@_sentence.register
def _(found: OurTables) -> str:
    return found.refused or "Our tables can be written."


@_sentence.register
def _(_found: PoolerInFront) -> str:
    return (
        "A pooler that gives each transaction another session is in front of the database. "
        "DATABASE_POOLER=transaction says so, and spares a look at every start."
    )


@_sentence.register
def _(found: ShopUser) -> str:
    if not found.writable:
        return "The user that reads the shop may not change the tables that are read."
    return (
        f"The user that reads the shop may change {', '.join(found.writable)}: a read-only user "
        "is recommended."
    )


@_sentence.register
def _(found: ShopUserPowers) -> str:
    if not found.powers:
        return "The user that reads the shop has no rights on the server besides."
    return (
        f"The user that reads the shop {', '.join(found.powers)}: what a mapping's SQL could do "
        "ends at this user's rights, so give it SELECT alone."
    )


@_sentence.register
def _(found: ShopFile) -> str:
    if found.by_everybody:
        return (
            "Everybody on this machine may write the shop's file, and with it what is read here: "
            "chmod o-w takes that away."
        )
    if found.by_service:
        return (
            "The user of this service may write the shop's file; the shop's tables are only read."
        )
    return "The user of this service may only read the shop's file."
