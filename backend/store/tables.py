"""Our own tables: the only ones that are migrated."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
)

from backend.core.customer_id import LONGEST_ID
from backend.database.column_types import UtcDateTime, long_bytes, long_text, sorted_text
from backend.results.customer_numbers import NUMBERS
from backend.store.customer_columns import column_of

SEGMENT_ID_LENGTH = 100
# As much of an e-mail or a name is searched in the copy of them: what an index takes everywhere.
LONGEST_SOUGHT = 255
# Every column of ours that holds a customer's id says so: erasing, exporting and changing the type
# of ids go by it, so that a later table is erased because it is there.
HOLDS_CUSTOMER_ID = "holds_customer_id"
CUSTOMER_ID = {HOLDS_CUSTOMER_ID: True}

# All but customer_intelligence have a prefix: a shop may have `runs` or `segments` of its own.
intelligence = MetaData(
    naming_convention={
        "ix": "idx_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

# In a database the first eight columns are the guide's, as printed. customer_id is BIGINT where the
# shop's ids are integers, so that the shop's own SQL joins on it; `fit_customer_id_type` makes it
# text elsewhere.
customer_intelligence = Table(
    "customer_intelligence",
    intelligence,
    Column("customer_id", BigInteger, primary_key=True, autoincrement=False, info=CUSTOMER_ID),
    *(column_of(one) for one in NUMBERS),
    Index("idx_intelligence_archetype", "archetype_id"),
    Index("idx_intelligence_updated", "updated_at"),
    Index("idx_intelligence_changed", "changed_at"),
    Index("idx_intelligence_value_at_risk", "value_at_risk", "customer_id"),
    Index("idx_intelligence_churn_risk", "churn_risk", "customer_id"),
    Index("idx_intelligence_ltv", "ltv", "customer_id"),
)

segments = Table(
    "intelligence_segments",
    intelligence,
    Column("id", String(SEGMENT_ID_LENGTH), primary_key=True),
    Column("position", Integer, nullable=False, comment="Order in which segments are shown"),
    Column("parent_id", String(SEGMENT_ID_LENGTH)),
    Column(
        "is_group",
        Integer,
        nullable=False,
        server_default="0",
        comment="1 where customers are in its parts",
    ),
    Column("level", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("customer_count", Integer, nullable=False),
    Column("avg_ltv", Numeric(18, 2)),
    Column("churn_risk_avg", Numeric(5, 4)),
    Column("profile", long_text(), nullable=False, comment="JSON: characteristics and more"),
    Column("run_id", String(32), nullable=False),
)

# Names outlive the segments of any one run: campaigns hang on them.
segment_names = Table(
    "intelligence_segment_names",
    intelligence,
    Column("segment_id", String(SEGMENT_ID_LENGTH), primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("description", Text),
    Column("given_by", String(16), nullable=False, comment="person, model or rule"),
    Column("updated_at", UtcDateTime, nullable=False),
)

segment_changes = Table(
    "intelligence_segment_changes",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("customer_id", BigInteger, nullable=False, info=CUSTOMER_ID),
    Column("from_segment_id", String(SEGMENT_ID_LENGTH), comment="null: newly known"),
    Column("to_segment_id", String(SEGMENT_ID_LENGTH), comment="null: no longer known"),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("run_id", String(32), nullable=False),
    Column("cause", String(16), nullable=False, comment="behaviour or model"),
    Index("idx_intelligence_segment_changes_customer", "customer_id"),
    Index("idx_intelligence_segment_changes_run", "run_id"),
)

segment_lineage = Table(
    "intelligence_segment_lineage",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("segment_id", String(SEGMENT_ID_LENGTH), nullable=False),
    Column("event", String(16), nullable=False, comment="born, split, merged or died"),
    Column("relatives", long_text(), nullable=False, comment="JSON: share of customers by segment"),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("run_id", String(32), nullable=False),
)

# Kept for ever, where runs and moves are not: what a chart of the last years is drawn from.
segment_history = Table(
    "intelligence_segment_history",
    intelligence,
    Column("run_id", String(32), primary_key=True),
    Column("segment_id", String(SEGMENT_ID_LENGTH), primary_key=True),
    Column("position", Integer, nullable=False, comment="Order in which segments are shown"),
    Column("name", String(255), nullable=False, comment="What it was called then"),
    Column("is_group", Integer, nullable=False, comment="1 where customers are in its parts"),
    Column("customer_count", Integer, nullable=False),
    Column("churn_risk_avg", Numeric(5, 4)),
    Column("historical_revenue", Numeric(18, 2), comment="Sum of historical_value"),
    Column("expected_revenue", Numeric(18, 2), comment="Sum of predicted_value"),
    Column("revenue_at_risk", Numeric(18, 2), comment="Sum of value_at_risk"),
    Column("currency", Text),
    Column("as_of", UtcDateTime, nullable=False, comment="The instant the run describes"),
    Column("published_at", UtcDateTime, nullable=False),
    Column("prediction_days", Integer, comment="Days that expected_revenue is about"),
    Column("churn_days", Integer, comment="Days that churn_risk_avg is about"),
    Index("idx_intelligence_segment_history_as_of", "as_of"),
)

runs = Table(
    "intelligence_runs",
    intelligence,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("active", Integer, unique=True, comment="1 while queued or running, else null"),
    Column("published", Integer, unique=True, comment="1 for the run that is served, else null"),
    Column(
        "revision", Integer, nullable=False, comment="Counts corrections since it was published"
    ),
    Column("request", long_text(), nullable=False, comment="JSON"),
    Column("as_of", UtcDateTime, comment="The instant the run describes"),
    Column("customer_id_type", String(8), comment="integer or text, as the shop's ids are"),
    Column("lease_token", String(64)),
    Column("lease_until", UtcDateTime),
    Column("stage", String(16)),
    Column("share_done", Float, nullable=False),
    Column("counts", long_text(), nullable=False, comment="JSON"),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("error", Text),
    Column("report", long_text(), comment="JSON"),
    Column("explainer", long_text(), comment="JSON: what explains a customer's numbers"),
    Column("model", long_text(), comment="JSON: the standing segmentation"),
    Column("scoring", long_text(), comment="JSON: what scores customers between runs"),
    Column("sums", long_text(), comment="JSON: what the customers add up to while it is served"),
    Column(
        "not_published", String(20), comment="Why a run that succeeded was not published unasked"
    ),
    CheckConstraint(
        "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
        name="ck_intelligence_runs_state",
    ),
    Index("idx_intelligence_runs_queued_at", "queued_at"),
)

# One row a run, written before anything is sent: so one is sent at most.
digests = Table(
    "intelligence_digests",
    intelligence,
    Column("run_id", String(32), primary_key=True),
    Column("state", String(16), nullable=False, comment="due, sending, sent or not_sent"),
    Column("tries", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False, comment="of the next try while due, else the last"),
    Column("why_not", String(20), comment="what was in the way of the last try"),
    Column("reply", Integer, comment="code of the mail server"),
)

# Whom followers have to forget. Ids are text, as they were when they left.
customers_gone = Table(
    "intelligence_customers_gone",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("customer_id", String(LONGEST_ID), nullable=False, info=CUSTOMER_ID),
    Column("cause", String(16), nullable=False, comment="deleted, erased or merged"),
    Column("gone_at", UtcDateTime, nullable=False, comment="when it was noticed"),
    Index("idx_intelligence_customers_gone_at", "gone_at"),
    Index("idx_intelligence_customers_gone_customer", "customer_id"),
)

# Who was erased and may still be in the shop: recognised, not named.
tombstones = Table(
    "intelligence_tombstones",
    intelligence,
    Column("mark", String(64), primary_key=True, comment="HMAC of the customer's id"),
    Column("key_id", String(16), nullable=False, comment="which key it was made with"),
    Column("erased_at", UtcDateTime, nullable=False),
)

# Only ever appended to; nothing in it is about a customer.
audit = Table(
    "intelligence_audit",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("key", String(16), nullable=False, comment="fingerprint of the key that was sent"),
    Column("action", String(32), nullable=False),
    Column("subject", String(SEGMENT_ID_LENGTH), comment="id of a run or a segment"),
)

# The copy of e-mails and names that SEARCH_INDEX=true keeps: folded, so that one spelling stands
# for all, and sorted alike on every database.
search_texts = Table(
    "intelligence_search_texts",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("customer_id", sorted_text(LONGEST_ID), nullable=False, info=CUSTOMER_ID),
    Column(
        "customer_number", BigInteger, comment="the id where the shop's are integers, to sort by"
    ),
    Column(
        "folded", sorted_text(LONGEST_SOUGHT), nullable=False, comment="e-mail or name as searched"
    ),
    Column("is_part", Integer, nullable=False, comment="1 for a first or last name, 0 for a whole"),
    Index("idx_intelligence_search_texts_customer", "customer_id"),
    Index("idx_intelligence_search_texts_order", "customer_number", "customer_id", "folded"),
    Index("idx_intelligence_search_texts_folded", "folded", "customer_number", "customer_id"),
)

# So that a refresh looks only at those whose e-mail or name is another.
search_digests = Table(
    "intelligence_search_digests",
    intelligence,
    Column("customer_id", sorted_text(LONGEST_ID), primary_key=True, info=CUSTOMER_ID),
    Column("customer_number", BigInteger, comment="the id where the shop's are integers"),
    Column("digest", BigInteger, nullable=False, comment="of e-mail and names as they were copied"),
)

# Three signs each, and fewer at a text's end; filled where the database has no such index itself.
search_grams = Table(
    "intelligence_search_grams",
    intelligence,
    Column("gram", String(3), primary_key=True),
    Column(
        "text_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey(search_texts.c.id, ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)

search_copies = Table(
    "intelligence_search_copies",
    intelligence,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="1: there is one copy"),
    Column("index_kind", String(16), nullable=False, comment="pieces, fts5 or grams"),
    Column("refreshed_at", UtcDateTime, nullable=False),
)

# Whom to tell. Secrets are encrypted; a lease holds who delivers, so that it is in order.
webhooks = Table(
    "intelligence_webhooks",
    intelligence,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False, comment="JSON: what it is told of"),
    Column("moves", Text, nullable=False, comment="JSON: which changes of segment"),
    Column("at_risk_from", Numeric(5, 4), nullable=False, comment="risk from which it is told"),
    Column("again_below", Numeric(5, 4), nullable=False, comment="risk below which it is over"),
    Column("people", Integer, nullable=False, comment="1 where bodies hold e-mails and names"),
    Column("secret", Text, nullable=False, comment="encrypted"),
    Column("previous_secret", Text, comment="encrypted"),
    Column("previous_until", UtcDateTime, comment="until when it signs too"),
    Column("is_seeded", Integer, nullable=False, comment="1 once it has alarms of before"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("disabled_because", String(16), comment="asked, undeliverable or gone"),
    Column("lease_token", String(64)),
    Column("lease_until", UtcDateTime),
)

# The outbox, and what became of it. Whom a delivery is about is in other tables, as rows of one
# instant between two ids: so who is erased is not told of.
webhook_deliveries = Table(
    "intelligence_webhook_deliveries",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("message_id", String(40), nullable=False, comment="the same in every attempt"),
    Column("webhook_id", String(32), nullable=False),
    Column("event", String(32), nullable=False),
    Column("run_id", String(32)),
    Column("campaign_id", String(32), comment="that it is about"),
    Column("happened_at", UtcDateTime, nullable=False),
    Column("facts", long_text(), comment="JSON: what it says; null where it is about customers"),
    Column("first_id", BigInteger, comment="of the rows it is about"),
    Column("last_id", BigInteger, comment="of the rows it is about"),
    Column("people", Integer, nullable=False, comment="how many there were"),
    Column("batch", Integer, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("state", String(16), nullable=False, comment="waiting, delivered, dead or dropped"),
    Column("due_at", UtcDateTime, nullable=False, comment="not before"),
    Column("attempts", Integer, nullable=False),
    Column("first_tried_at", UtcDateTime),
    Column("tried_at", UtcDateTime, comment="the last time"),
    Column("status_code", Integer, comment="what was answered the last time"),
    Column("problem", String(32), comment="why the last attempt failed"),
    Index("idx_intelligence_webhook_deliveries_next", "webhook_id", "state", "id"),
    Index("idx_intelligence_webhook_deliveries_at", "happened_at"),
)

# Who is at risk for which webhook, and what it was told; of rows without a run it is not.
webhook_alarms = Table(
    "intelligence_webhook_alarms",
    intelligence,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("webhook_id", String(32), nullable=False, comment="whom it is told"),
    Column("customer_id", sorted_text(LONGEST_ID), nullable=False, info=CUSTOMER_ID),
    Column("raised_at", UtcDateTime, nullable=False, comment="when the risk was published"),
    Column("is_raised", Integer, nullable=False, comment="1 until it has fallen again"),
    Column("run_id", String(32)),
    Column("churn_risk", Numeric(5, 4), nullable=False, comment="as published then"),
    Column("churn_risk_before", Numeric(5, 4), comment="as published before"),
    Column("value_at_risk", Numeric(18, 2), comment="as published then"),
    Index("idx_intelligence_webhook_alarms_customer", "customer_id"),
    Index("idx_intelligence_webhook_alarms_raised", "webhook_id", "is_raised"),
)

# What a shop told of its orders: known for a week, so that nothing is done twice.
order_events = Table(
    "intelligence_order_events",
    intelligence,
    Column("source", String(16), primary_key=True, comment="shopify, woocommerce or key"),
    Column("event_id", sorted_text(LONGEST_ID), primary_key=True, comment="as it was sent"),
    Column("received_at", UtcDateTime, nullable=False),
    Index("idx_intelligence_order_events_at", "received_at"),
)

# Whose orders are others than they were: one row each, however often that was told.
rescorings = Table(
    "intelligence_rescorings",
    intelligence,
    Column("customer_id", sorted_text(LONGEST_ID), primary_key=True, info=CUSTOMER_ID),
    Column("events", Integer, nullable=False, comment="how many told of them"),
    Column("told_at", UtcDateTime, nullable=False, comment="when the last did"),
    Column("waiting_since", UtcDateTime, comment="null where they are scored since"),
    Index("idx_intelligence_rescorings_told", "told_at"),
    Index("idx_intelligence_rescorings_waiting", "waiting_since"),
)

# What workers of a run on many machines have found of a range of customers, until it has ended:
# columns of numbers in the order of the customers, who are not named.
staged_parts = Table(
    "intelligence_staged_parts",
    intelligence,
    Column("run_id", String(32), primary_key=True, comment="that it is found for"),
    Column("stage", String(16), primary_key=True, comment="what it is: orders, baskets, …"),
    Column("partition_number", Integer, primary_key=True, autoincrement=False),
    Column("attempt", String(32), primary_key=True, comment="a task may be done more than once"),
    Column("piece", Integer, primary_key=True, autoincrement=False, comment="of its bytes, from 0"),
    Column("bytes", long_bytes(), nullable=False, comment="Arrow's columns, compressed"),
)
