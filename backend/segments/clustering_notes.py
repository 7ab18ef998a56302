"""What a person should know of a clustering, as facts; `wording` says them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TooFewToCluster:
    """So few customers have ordered that they are one segment."""

    customers: int


@dataclass(frozen=True, slots=True)
class AskedForOne:
    """One segment is all that was asked for."""


@dataclass(frozen=True, slots=True)
class EnoughForOne:
    """So few customers have ordered that the bounds allow one segment."""

    customers: int


@dataclass(frozen=True, slots=True)
class FewerJustified:
    """The data justify fewer segments than were asked for."""

    asked_k: int
    justified_k: int


@dataclass(frozen=True, slots=True)
class FewerLargeEnough:
    """Fewer segments than asked for are large enough to be told apart."""

    k: int


@dataclass(frozen=True, slots=True)
class HeldToFewer:
    """The data justify more segments than the bounds allow."""

    k: int


@dataclass(frozen=True, slots=True)
class CurvesAssumed:
    """Too few customers came back to learn from what they did."""


@dataclass(frozen=True, slots=True)
class BordersHeldBack:
    """New borders would move too many at once.

    Attributes
    ----------
    would_move
        Share of the customers who did not order, in [0, 1].
    """

    would_move: float


ClusteringNote = (
    TooFewToCluster
    | AskedForOne
    | EnoughForOne
    | FewerJustified
    | FewerLargeEnough
    | HeldToFewer
    | CurvesAssumed
    | BordersHeldBack
)
