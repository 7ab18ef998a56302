"""Words that mean the same thing in the database, in the mathematics and over HTTP.

What each means is said once, in docs/glossary.md; how each is said to people, in `wording`.
"""

from collections.abc import Iterable
from enum import StrEnum

NO_ORDERS = "no_orders"
"""The segment of all customers without a counted order."""

FORECAST = "forecast"
"""Where the forecast's own metrics stand, beside those of the simple rules under their names."""


class Status(StrEnum):
    """Whether a customer's numbers are known, and why not."""

    SCORED = "scored"
    INSUFFICIENT_HISTORY = "insufficient_history"
    NO_ORDERS = "no_orders"
    NOT_SCORED_YET = "not_scored_yet"
    VALUE_OUT_OF_RANGE = "value_out_of_range"


class Reason(StrEnum):
    """Why an order does not count."""

    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    REFUNDED_IN_FULL = "refunded_in_full"
    NOT_COUNTED_STATUS = "not_counted_status"
    OTHER_CURRENCY = "other_currency"
    NO_RATE = "no_rate"
    NULL_CUSTOMER = "null_customer"
    UNKNOWN_CUSTOMER = "unknown_customer"
    NULL_DATE = "null_date"
    NULL_AMOUNT = "null_amount"
    ABSURD_AMOUNT = "absurd_amount"
    NOT_POSITIVE = "not_positive"
    FUTURE_DATE = "future_date"
    AFTER_AS_OF = "after_as_of"
    DUPLICATE_ORDER_ID = "duplicate_order_id"


class Decision(StrEnum):
    """What a run made of the borders between segments."""

    FIRST = "first"
    KEPT = "kept"
    ADOPTED = "adopted"
    HELD_BACK = "held_back"
    FORCED = "forced"
    TOO_FEW = "too_few"


class Undelivered(StrEnum):
    """Why a mail was not handed over."""

    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    NOT_PROTECTED = "not_protected"
    LOGIN = "login"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"
    UNFIT = "unfit"


class FoundBy(StrEnum):
    """What led a search to those it found."""

    ID = "id"
    EMAIL = "email"
    SEARCH_COPY = "search_copy"
    SHOP_INDEX = "shop_index"
    EVERY_CUSTOMER = "every_customer"


class HeldOut(StrEnum):
    """Whether a list is of those too whom a campaign holds out."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    ONLY = "only"


class Departure(StrEnum):
    """Why a customer is known no longer: deleted or merged in the shop, or erased here."""

    DELETED = "deleted"
    ERASED = "erased"
    MERGED = "merged"


class Action(StrEnum):
    """What somebody did that is kept in the audit."""

    RUN_STARTED = "run_started"
    RUN_CANCELLED = "run_cancelled"
    SEGMENT_RENAMED = "segment_renamed"
    CUSTOMER_ERASED = "customer_erased"
    CUSTOMER_FORGOTTEN = "customer_forgotten"
    CUSTOMER_EXPORTED = "customer_exported"
    LIST_EXPORTED = "list_exported"
    TOMBSTONES_DROPPED = "tombstones_dropped"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_TESTED = "webhook_tested"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105, a word and no secret
    WEBHOOK_DISABLED = "webhook_disabled"
    WEBHOOK_ENABLED = "webhook_enabled"
    WEBHOOK_DELETED = "webhook_deleted"
    WEBHOOK_REDELIVERED = "webhook_redelivered"
    CAMPAIGN_CREATED = "campaign_created"
    CAMPAIGN_STARTED = "campaign_started"
    CAMPAIGN_CLOSED = "campaign_closed"
    CAMPAIGN_ABANDONED = "campaign_abandoned"


class Event(StrEnum):
    """What webhooks are told of."""

    RUN_PUBLISHED = "run.published"
    SEGMENT_CHANGED = "segment.changed"
    CUSTOMER_AT_RISK = "customer.at_risk"
    CUSTOMER_GONE = "customer.gone"
    CAMPAIGN_STARTED = "campaign.started"
    RUN_FAILED = "run.failed"
    TEST = "webhook.test"


class DeliveryState(StrEnum):
    """How far a delivery is; dropped: nobody is left whom it was about."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"


class DeliveryProblem(StrEnum):
    """Why an attempt to deliver failed."""

    REFUSED = "refused"
    REDIRECT = "redirect"
    GONE = "gone"
    TOO_SLOW = "too_slow"
    UNREACHABLE = "unreachable"
    UNKNOWN_HOST = "unknown_host"
    PRIVATE_ADDRESS = "private_address"
    CERTIFICATE = "certificate"
    NO_HTTP = "no_http"
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105, a word and no secret
    SHOP_UNAVAILABLE = "shop_unavailable"


class DisabledBecause(StrEnum):
    """Why a webhook is told nothing: a person's wish, a day of failures, or its 410 Gone."""

    ASKED = "asked"
    UNDELIVERABLE = "undeliverable"
    GONE = "gone"


class Cause(StrEnum):
    """Why a customer changed segment: by what they did or did not do, or by another border."""

    BEHAVIOUR = "behaviour"
    MODEL = "model"


class Fate(StrEnum):
    """What happened to a segment from one run to the next."""

    BORN = "born"
    SPLIT = "split"
    MERGED = "merged"
    DIED = "died"


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
