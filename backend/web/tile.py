"""One figure that stands alone on a page: what it is called, and what is said beside it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure that stands alone.

    Attributes
    ----------
    beside
        What it means, or where it lies; "" for nothing.
    link
        Of the page that says more; None where there is none.
    """

    name: str
    figure: str
    beside: str
    link: str | None = None
