"""Whom a campaign is to reach, numbered, so that webhooks can be told of them in calls.

On MySQL and MariaDB each statement commits by itself: what was done already is passed over.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MEMBERS, DELIVERIES = "intelligence_campaign_members", "intelligence_webhook_deliveries"
PLACE, CAMPAIGN = "place", "campaign_id"
INDEX = "idx_intelligence_campaign_members_place"


def upgrade() -> None:
    _add_column(MEMBERS, PLACE, sa.Integer(), "among those to be reached, from 1; null: held out")
    _add_column(DELIVERIES, CAMPAIGN, sa.String(32), "that it is about")
    if not _is_indexed():
        op.create_index(INDEX, MEMBERS, [CAMPAIGN, PLACE])


def downgrade() -> None:
    if CAMPAIGN in _columns(DELIVERIES):
        # The version before would take their places for rows of who is gone.
        told = sa.table(DELIVERIES, sa.column(CAMPAIGN))
        op.execute(sa.delete(told).where(told.c.campaign_id.is_not(None)))
        op.drop_column(DELIVERIES, CAMPAIGN)
    if _is_indexed():
        op.drop_index(INDEX, MEMBERS)
    if PLACE in _columns(MEMBERS):
        op.drop_column(MEMBERS, PLACE)


def _add_column(table: str, name: str, kind: sa.types.TypeEngine[Any], comment: str) -> None:
    if name not in _columns(table):
        op.add_column(table, sa.Column(name, kind, nullable=True, comment=comment))


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _is_indexed() -> bool:
    return INDEX in {one["name"] for one in sa.inspect(op.get_bind()).get_indexes(MEMBERS)}
