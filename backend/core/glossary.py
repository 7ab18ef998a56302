"""Words that mean the same thing in the database, in the mathematics and over HTTP."""

from collections.abc import Iterable
from enum import StrEnum

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


class Target(StrEnum):
    """What is forecast, and graded."""

    VALUE = "value"
    CHURN = "churn"


class Metric(StrEnum):
    """How a forecast is measured against what came."""

    ORDERS_RMSE = "orders_rmse"
    ORDERS_GINI = "orders_gini"
    SPEND_RMSE = "spend_rmse"
    SPEND_GINI = "spend_gini"
    SPEND_DECILE_ERROR = "spend_decile_error"
    CHURN_AUC = "churn_auc"
    CHURN_LOG_LOSS = "churn_log_loss"
    CHURN_CALIBRATION_ERROR = "churn_calibration_error"

    @property
    def higher_is_better(self) -> bool:
        """Whether it measures success, and not error."""
        return self in {Metric.ORDERS_GINI, Metric.SPEND_GINI, Metric.CHURN_AUC}

    def is_better(self, one: float, other: float) -> bool:
        """Whether one value is strictly better than another."""
        return one > other if self.higher_is_better else one < other

    def best(self, values: Iterable[float | None]) -> float | None:
        """Return the best of the known values; None where none is."""
        known = [value for value in values if value is not None]
        return (max if self.higher_is_better else min)(known, default=None)


DECISIVE = {Target.VALUE: Metric.SPEND_GINI, Target.CHURN: Metric.CHURN_LOG_LOSS}
"""The metric by which a forecast and the simple rules are compared, by target."""
