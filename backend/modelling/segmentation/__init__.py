"""Who behaves alike: segments that foretell what comes, under ids that keep their meaning."""

from backend.modelling.segmentation.options import ClusteringOptions, upper_bound
from backend.modelling.segmentation.profiles import Segment
from backend.modelling.segmentation.segment import Segmentation, segment
from backend.modelling.segmentation.standing import StandingModel

__all__ = [
    "ClusteringOptions",
    "Segment",
    "Segmentation",
    "StandingModel",
    "segment",
    "upper_bound",
]
