"""Customers put into the segments of a model: by a run all of them, between runs any of them."""

from dataclasses import dataclass

import numpy as np

from backend.core.arrays import FloatArray
from backend.core.glossary import NO_ORDERS
from backend.segments.buyers import Behaviour
from backend.segments.segment_model import Ids, SegmentModel
from backend.segments.vocabulary import ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where customers are.

    Attributes
    ----------
    ids
        Shape (customers,), segment ids.
    confidence
        Shape (customers,), in [0, 1]; share of refits in which such a customer keeps the segment.
        NaN without orders, or where nothing was clustered, or nobody was in the branch then.
    margin
        Shape (customers,), distance to the nearest border; NaN likewise.
    """

    ids: Ids
    confidence: FloatArray
    margin: FloatArray


def place(
    model: SegmentModel | None, behaviour: Behaviour, customers: int, was: Ids | None
) -> Placed:
    """Put customers into segments.

    Parameters
    ----------
    model
        The borders; None where nothing was clustered: who has orders is in one segment.
    behaviour
        Of those with orders, with the evidence of habits.
    customers
        How many there are, those without orders included.
    was
        Shape (buyers,), where they were, None for who was not known; None for nobody known.
    """
    buyers, unknown = behaviour.customer, np.full(customers, np.nan)
    ids = np.full(customers, NO_ORDERS, dtype=object)
    if model is None:
        ids[buyers] = ALL
        return Placed(ids=ids, confidence=unknown, margin=unknown)
    assigned = model.assign(behaviour, was)
    confidence, margin = unknown, unknown.copy()
    ids[buyers], margin[buyers] = assigned.ids, assigned.margin
    confidence[buyers] = model.confidence(behaviour, assigned)
    return Placed(ids=ids, confidence=confidence, margin=margin)
