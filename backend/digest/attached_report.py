"""A run's report as it goes with a digest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttachedReport:
    """A page that loads nothing.

    Attributes
    ----------
    name
        Of the file.
    page
        HTML.
    """

    name: str
    page: str
