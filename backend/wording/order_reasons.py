"""Why orders do not count, said in three ways: in a table, in a note, in a finding."""

from collections.abc import Mapping

from backend.core.glossary import Reason

LEFT_OUT: Mapping[Reason, str] = {
    Reason.CANCELLED: "cancelled",
    Reason.REFUNDED: "refunded",
    Reason.REFUNDED_IN_FULL: "refunded in full",
    Reason.NOT_COUNTED_STATUS: "of a status that does not count",
    Reason.OTHER_CURRENCY: "in another currency",
    Reason.NO_RATE: "without an exchange rate",
    Reason.NULL_CUSTOMER: "without a customer",
    Reason.UNKNOWN_CUSTOMER: "of a customer whom the shop does not have",
    Reason.NULL_DATE: "without a date",
    Reason.NULL_AMOUNT: "without an amount",
    Reason.ABSURD_AMOUNT: "of an absurd amount",
    Reason.NOT_POSITIVE: "of nothing or less",
    Reason.FUTURE_DATE: "dated in the future",
    Reason.AFTER_AS_OF: "placed after the day described",
    Reason.DUPLICATE_ORDER_ID: "listed before",
}


def left_out(reason: str) -> str:
    """Say which orders do not count; a reason of another version speaks for itself."""
    known = reason in LEFT_OUT
    return LEFT_OUT[Reason(reason)] if known else reason.replace("_", " ")


def left_out_notes(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Say how many orders were left out, by reason."""
    return tuple(
        f"{count:,} {'order' if count == 1 else 'orders'} left out: {left_out(reason)}."
        for reason, count in sorted(counts.items())
        if count
    )
