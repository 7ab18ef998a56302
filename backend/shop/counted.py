"""The SELECTs over orders: what each row is worth, when it was, and why it does not count."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from functools import partial, reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
)

from backend.core.glossary import Reason
from backend.core.instants import micros_of
from backend.core.local_times import local_time
from backend.database.expressions import (
    ABSURD_AMOUNT,
    MICROS,
    amount_micros,
    as_number,
    has_no_id,
    identifier,
    is_before,
    moment,
    plain_word,
)
from backend.database.kinds import Kind
from backend.shop.mapping.mapping import LogicalTable, ShopMapping
from backend.shop.shop import Source

# Reasons a row does not count that SQL finds; where one alone is told, the first of them.
SQL_REASONS = (
    Reason.CANCELLED,
    Reason.REFUNDED,
    Reason.NOT_COUNTED_STATUS,
    Reason.OTHER_CURRENCY,
    Reason.NULL_CUSTOMER,
    Reason.NULL_DATE,
    Reason.NULL_AMOUNT,
    Reason.NO_RATE,
    Reason.ABSURD_AMOUNT,
    Reason.NOT_POSITIVE,
    Reason.REFUNDED_IN_FULL,
)
ROW_REASONS = (*SQL_REASONS, Reason.UNKNOWN_CUSTOMER)
"""All that keeps a row from counting by itself; a set of them is a number with a bit for each."""
Condition = ColumnElement[bool]
NO_BIT = literal_column("0", Integer())


def order_rows(orders: Source, mapping: ShopMapping, dialect: str) -> Select[Any]:
    """Select id, customer, time, net amount in millionths, and the reasons as `bit_of` each.

    Conditions and orders of the table's own columns may be added.
    """
    return _rows(_facts(orders, mapping, dialect), _told(orders, dialect), mapping)


def all_order_rows(orders: Source, mapping: ShopMapping, dialect: str) -> Select[Any]:
    """Select the same of a whole shop, to which nothing may be added."""
    facts, told = _facts(orders, mapping, dialect), _told(orders, dialect)
    if dialect == "postgresql":
        facts, told = _worked_out_once(facts, told)
    return _rows(facts, told, mapping)


def _told(orders: Source, dialect: str) -> dict[str, ColumnElement[Any]]:
    columns, kinds = orders.clause.c, orders.kinds
    in_utc = {"in_utc": _in_utc(orders)} if knows_utc(orders) else {}
    return {
        "order_id": identifier(dialect, columns.id, kinds["id"]),
        "customer_id": identifier(dialect, columns.customer_id, kinds["customer_id"]),
        **in_utc,
    }


def _rows(
    facts: _Facts, told: Mapping[str, ColumnElement[Any]], mapping: ShopMapping
) -> Select[Any]:
    columns = {
        "order_id": told["order_id"],
        "customer_id": told["customer_id"],
        "created_at": facts.created_at,
        "amount_micros": facts.net_micros,
        "reasons": _bits(facts, mapping),
    }
    return select(*(column.label(name) for name, column in (columns | dict(told)).items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is asked of an order's row to tell whether it counts; NULL where it has none.

    Attributes
    ----------
    total_micros, net_micros
        As stated, and less what is known to be refunded.
    is_stated, is_unrated, has_no_customer
        Whether a total is there, a rate is needed and is none, and nobody ordered.
    """

    created_at: ColumnElement[Any]
    total_micros: ColumnElement[Any]
    net_micros: ColumnElement[Any]
    status: ColumnElement[Any]
    currency: ColumnElement[Any]
    is_stated: Condition
    is_unrated: Condition
    has_no_customer: Condition


def _facts(orders: Source, mapping: ShopMapping, dialect: str) -> _Facts:
    columns, kinds = orders.clause.c, orders.kinds
    total = _micros("total_price", orders, mapping, dialect)
    return _Facts(
        created_at=moment(dialect, columns.created_at, kinds["created_at"]),
        total_micros=total,
        net_micros=_less_refunded(total, orders, mapping, dialect),
        status=_word("financial_status", orders, dialect),
        currency=_word("currency", orders, dialect),
        is_stated=columns.total_price.is_not(None),
        is_unrated=_no_rate(orders, mapping, dialect),
        has_no_customer=has_no_id(dialect, columns.customer_id, kinds["customer_id"]),
    )


def _worked_out_once(
    facts: _Facts, told: Mapping[str, ColumnElement[Any]]
) -> tuple[_Facts, dict[str, ColumnElement[Any]]]:
    """Return both as columns of a subquery that PostgreSQL leaves one, by its OFFSET.

    Else each is worked out wherever it is named: twice the time over a shop's orders.
    """
    named = {one.name: getattr(facts, one.name) for one in fields(facts)}
    if facts.net_micros is facts.total_micros:  # nothing is known to be refunded
        del named["net_micros"]
    inner = select(*(column.label(name) for name, column in (named | dict(told)).items()))
    once = inner.offset(literal_column("0")).subquery("worked_out").c
    found = {name: once[name] for name in named}
    return _Facts(**{"net_micros": once.total_micros, **found}), {name: once[name] for name in told}


def knows_utc(orders: Source) -> bool:
    """Tell whether orders say one by one that their naive times are in UTC: those of files do."""
    return orders.has("utc_from_zone") and orders.kinds["created_at"] is not Kind.INSTANT


def _in_utc(orders: Source) -> ColumnElement[int]:
    here = orders.clause.c.utc_from_zone.is_not(None)
    return case((here, literal_column("1")), else_=literal_column("0"))


def _micros(name: str, orders: Source, mapping: ShopMapping, dialect: str) -> ColumnElement[Any]:
    table: LogicalTable = mapping.orders
    direction = mapping.currency.rate
    rate = (_rate(orders, dialect), direction) if direction else None
    return amount_micros(dialect, orders.clause.c[name], orders.kinds[name], table.scale, rate)


def net_micros(orders: Source, mapping: ShopMapping, dialect: str) -> ColumnElement[Any]:
    """Return the order's total less what is known to be refunded, in whole millionths."""
    return _less_refunded(
        _micros("total_price", orders, mapping, dialect), orders, mapping, dialect
    )


def _less_refunded(
    total: ColumnElement[Any], orders: Source, mapping: ShopMapping, dialect: str
) -> ColumnElement[Any]:
    if not orders.has("refunded_amount"):
        return total
    refunded = _micros("refunded_amount", orders, mapping, dialect)
    return total - func.coalesce(refunded, 0)


def bit_of(reason: Reason) -> int:
    """Return the bit that a reason has among others."""
    return 1 << ROW_REASONS.index(reason)


def reasons_in(bits: int) -> tuple[Reason, ...]:
    """Return the reasons whose bits are set, in the order of `ROW_REASONS`."""
    return tuple(reason for reason in ROW_REASONS if bits & bit_of(reason))


def reason_bits(orders: Source, mapping: ShopMapping, dialect: str) -> ColumnElement[Any]:
    """Return all reasons that keep an order from counting, by its row alone; 0 if it counts."""
    return _bits(_facts(orders, mapping, dialect), mapping)


def _bits(facts: _Facts, mapping: ShopMapping) -> ColumnElement[Any]:
    bits = (
        case((condition, literal_column(str(bit_of(reason)), Integer())), else_=NO_BIT)
        for reason, condition in _conditions(facts, mapping).items()
    )
    return reduce(operator.add, bits)


def _conditions(facts: _Facts, mapping: ShopMapping) -> dict[Reason, Condition]:
    """Return what keeps an order from counting; an amount has one thing the matter with it."""
    total, stated, unrated = facts.total_micros, facts.is_stated, facts.is_unrated
    return {
        **_of_status(facts.status, mapping),
        Reason.OTHER_CURRENCY: _other_currency(facts.currency, mapping),
        Reason.NULL_CUSTOMER: facts.has_no_customer,
        Reason.NULL_DATE: facts.created_at.is_(None),
        Reason.NULL_AMOUNT: not_(stated),
        Reason.NO_RATE: and_(stated, unrated),
        Reason.ABSURD_AMOUNT: and_(stated, not_(unrated), total.is_(None)),
        Reason.NOT_POSITIVE: total <= 0,
        Reason.REFUNDED_IN_FULL: and_(total > 0, facts.net_micros <= 0),
    }


def status_conditions(
    orders: Source, mapping: ShopMapping, dialect: str
) -> dict[Reason, Condition]:
    """Return which statuses keep an order from counting, by reason."""
    if not orders.has("financial_status"):
        return {}
    return _of_status(_word("financial_status", orders, dialect), mapping)


def _of_status(status: ColumnElement[Any], mapping: ShopMapping) -> dict[Reason, Condition]:
    lists = mapping.statuses
    return {
        Reason.CANCELLED: status.in_(lists.cancelled),
        Reason.REFUNDED: status.in_(lists.refunded),
        Reason.NOT_COUNTED_STATUS: and_(status != "", status.not_in(lists.counted)),
    }


def _word(name: str, orders: Source, dialect: str) -> ColumnElement[Any]:
    return plain_word(dialect, orders.clause.c[name], orders.kinds[name])


def _other_currency(currency: ColumnElement[Any], mapping: ShopMapping) -> Condition:
    only = mapping.currency.only
    return or_(currency.is_(None), currency != only.lower()) if only else literal_column("1 = 0")


def _rate(orders: Source, dialect: str) -> ColumnElement[Any]:
    """Return the order's exchange rate; NULL if it is no number above zero."""
    rate = as_number(dialect, orders.clause.c.currency_rate, orders.kinds["currency_rate"])
    return case((rate > 0, rate), else_=null())


def _no_rate(orders: Source, mapping: ShopMapping, dialect: str) -> Condition:
    return _rate(orders, dialect).is_(None) if mapping.currency.rate else literal_column("1 = 0")


def created_before(
    orders: Source, mapping: ShopMapping, dialect: str, instant: datetime
) -> Condition:
    """Return the condition that an order was created before an aware instant."""
    kind = orders.kinds["created_at"]
    before = partial(_before, orders, dialect, instant)
    if not knows_utc(orders):
        return before(UTC if kind is Kind.INSTANT else mapping.zone)
    in_utc = orders.clause.c.utc_from_zone.is_not(None)
    return case((in_utc, before(UTC)), else_=before(mapping.zone))


def _before(orders: Source, dialect: str, instant: datetime, zone: tzinfo) -> Condition:
    """Compare what the clock of a zone showed."""
    naive = local_time(instant, zone).replace(tzinfo=None).isoformat(" ", "microseconds")
    created, kind = orders.clause.c.created_at, orders.kinds["created_at"]
    return is_before(dialect, created, kind, naive, micros_of(instant) // MICROS)


def counted_before(
    orders: Source, mapping: ShopMapping, dialect: str, as_of: datetime
) -> Condition:
    """Return the condition that an order counts, as far as its own row tells."""
    earlier = created_before(orders, mapping, dialect, as_of)
    return and_(reason_bits(orders, mapping, dialect) == 0, earlier)


__all__ = [
    "ABSURD_AMOUNT",
    "ROW_REASONS",
    "SQL_REASONS",
    "bit_of",
    "counted_before",
    "created_before",
    "net_micros",
    "order_rows",
    "reason_bits",
    "reasons_in",
    "status_conditions",
]
