"""What a run found out: published in one transaction, read by the API."""

from backend.store.id_column import fit_customer_id_type
from backend.store.names import name_segment, read_names, settled
from backend.store.publication import (
    Cause,
    GivenName,
    LineageRow,
    Publication,
    SegmentMoves,
    SegmentRow,
    Words,
)
from backend.store.publish import publish
from backend.store.read import (
    erase_customer,
    read_lineage,
    read_membership,
    read_moves,
    read_profiles,
    read_segments,
)

__all__ = [
    "Cause",
    "GivenName",
    "LineageRow",
    "Publication",
    "SegmentMoves",
    "SegmentRow",
    "Words",
    "erase_customer",
    "fit_customer_id_type",
    "name_segment",
    "publish",
    "read_lineage",
    "read_membership",
    "read_moves",
    "read_names",
    "read_profiles",
    "read_segments",
    "settled",
]
