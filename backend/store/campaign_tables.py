"""Our tables of campaigns."""

from sqlalchemy import CheckConstraint, Column, Double, Index, Integer, Numeric, String, Table

from backend.core.customer_id import LONGEST_ID
from backend.database.column_types import UtcDateTime, long_text, sorted_text
from backend.store.tables import CUSTOMER_ID, SEGMENT_ID_LENGTH, intelligence

# Lists that are acted on with a part held out, and what that brought.
campaigns = Table(
    "intelligence_campaigns",
    intelligence,
    Column("id", String(32), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False, comment="draft, running, closed or abandoned"),
    Column("chosen", long_text(), nullable=False, comment="JSON: conditions of the list"),
    Column("holdout_share", Numeric(5, 4), nullable=False, comment="of customers held out"),
    Column("window_days", Integer, comment="null: without an end"),
    Column("goal", String(16), nullable=False, comment="buyers or spend"),
    Column("cost", Numeric(18, 2), comment="of the whole campaign"),
    Column("promise", long_text(), nullable=False, comment="JSON: what it can show"),
    Column("already_held_out", Integer, nullable=False, comment="left out for other campaigns"),
    Column("salt", String(64), nullable=False, comment="of its draw alone"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime, comment="when its window opened"),
    Column("closes_at", UtcDateTime, comment="when its window closes; null: no end yet"),
    Column("ended_at", UtcDateTime, comment="since when it holds nobody out"),
    Column("run_id", String(32), comment="whose numbers were kept of its customers"),
    Column("treated", Integer, comment="customers drawn to be reached"),
    Column("held_out", Integer, comment="customers drawn not to be"),
    Column("spend_limit", Double, comment="what one customer's spend counts for at most"),
    Column(
        "letting_go_since",
        UtcDateTime,
        comment="since when it lets go of who it held out, some at a time; null: of nobody",
    ),
    CheckConstraint(
        "state IN ('draft', 'running', 'closed', 'abandoned')",
        name="ck_intelligence_campaigns_state",
    ),
    Index("idx_intelligence_campaigns_created_at", "created_at"),
)

# The draw: it never changes, but that who is erased is deleted.
campaign_members = Table(
    "intelligence_campaign_members",
    intelligence,
    Column("campaign_id", String(32), primary_key=True, comment="which campaign"),
    Column("customer_id", sorted_text(LONGEST_ID), primary_key=True, info=CUSTOMER_ID),
    Column("is_held_out", Integer, nullable=False, comment="1 who is not to be reached"),
    Column("stratum", Integer, nullable=False, comment="what the draw was balanced by"),
    Column("segment_id", String(SEGMENT_ID_LENGTH), comment="at the start"),
    Column("predicted_value", Numeric(18, 2), comment="at the start"),
    Column("historical_value", Numeric(18, 2), comment="at the start"),
    Column("churn_risk", Numeric(5, 4), comment="at the start"),
    Column("frequency", Integer, comment="at the start"),
    Column("recency_days", Integer, comment="at the start"),
    Column("place", Integer, comment="among those to be reached, from 1; null: held out"),
    Index("idx_intelligence_campaign_members_customer", "customer_id"),
    Index("idx_intelligence_campaign_members_place", "campaign_id", "place"),
)

campaign_answers = Table(
    "intelligence_campaign_answers",
    intelligence,
    Column("campaign_id", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True, comment="look, at_close or settled"),
    Column("counted_at", UtcDateTime, nullable=False, comment="the instant orders are known to"),
    Column("run_id", String(32), comment="that counted it; null: the command did"),
    Column("answer", long_text(), nullable=False, comment="JSON"),
)
