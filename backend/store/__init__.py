"""What a run found out: published in one transaction, read by the API."""

from backend.store.comparable_runs import ComparableRun, read_comparable_runs
from backend.store.departures import read_gone
from backend.store.erasing import erase_rows, finish_erasures, holds_any
from backend.store.id_column import fit_customer_id_type
from backend.store.left_by_run import (
    read_explainer,
    read_model,
    read_report,
    read_scoring_model,
    read_standing_model,
)
from backend.store.lists import Page, Totals, count_left_out, read_page, read_totals, stream_list
from backend.store.members import members, read_members
from backend.store.moves import count_moves, read_moves
from backend.store.names import name_segment, read_names, settled
from backend.store.net_moves import count_net_moves, read_net_moves
from backend.store.publication import (
    GivenName,
    Publication,
    SegmentMoves,
)
from backend.store.publish import keep_report, publish
from backend.store.read import (
    PublishedSegments,
    read_lineage,
    read_membership,
    read_profiles,
    read_segments,
)
from backend.store.segment_history import read_history

__all__ = [
    "ComparableRun",
    "GivenName",
    "Page",
    "Publication",
    "PublishedSegments",
    "SegmentMoves",
    "Totals",
    "count_left_out",
    "count_moves",
    "count_net_moves",
    "erase_rows",
    "finish_erasures",
    "fit_customer_id_type",
    "holds_any",
    "keep_report",
    "members",
    "name_segment",
    "publish",
    "read_comparable_runs",
    "read_explainer",
    "read_gone",
    "read_history",
    "read_lineage",
    "read_members",
    "read_membership",
    "read_model",
    "read_moves",
    "read_names",
    "read_net_moves",
    "read_page",
    "read_profiles",
    "read_report",
    "read_scoring_model",
    "read_segments",
    "read_standing_model",
    "read_totals",
    "settled",
    "stream_list",
]
