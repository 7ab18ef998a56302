"""Who behaves alike: segments that foretell what comes, under ids that keep their meaning."""

from backend.modelling.segmentation.baskets import Baskets
from backend.modelling.segmentation.options import ClusteringOptions, upper_bound
from backend.modelling.segmentation.profiles import Segment, describe
from backend.modelling.segmentation.segment import Before, Membership, Refit, segment
from backend.modelling.segmentation.standing import StandingModel

__all__ = [
    "Baskets",
    "Before",
    "ClusteringOptions",
    "Membership",
    "Refit",
    "Segment",
    "StandingModel",
    "describe",
    "segment",
    "upper_bound",
]
