"""Words that mean the same thing in the database, in the mathematics and over HTTP."""

NO_ORDERS = "no_orders"
"""Status of a customer without a counted order, and the segment of all of them."""

LEFT_OUT = {
    "cancelled": "cancelled",
    "refunded": "refunded",
    "refunded_in_full": "refunded in full",
    "not_counted_status": "of a status that does not count",
    "other_currency": "in another currency",
    "no_rate": "without an exchange rate",
    "null_customer": "without a customer",
    "unknown_customer": "of a customer whom the shop does not have",
    "null_date": "without a date",
    "null_amount": "without an amount",
    "absurd_amount": "of an absurd amount",
    "not_positive": "of nothing or less",
    "future_date": "dated in the future",
    "after_as_of": "placed after the day described",
    "duplicate_order_id": "listed before",
}
"""Why an order does not count, by reason."""


def left_out(reason: str) -> str:
    """Say why orders do not count; a reason without words of its own speaks for itself."""
    return LEFT_OUT.get(reason, reason.replace("_", " "))
