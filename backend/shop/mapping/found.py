"""What a database has of the tables that a mapping's queries name."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundTables:
    """The shape of the tables that queries name, as this database has them.

    Attributes
    ----------
    columns
        By the name that a query gives a table: its columns, and whether each is text.
    on_network
        Tables that a network of sites has once, under the network's prefix.
    variant
        Which of the preset's variants fits; None where it has none.
    lacking
        Tables, and columns as `table.column`, that need not be there and are not.
    stored_lists
        Names of the status lists that were read in the shop's own settings.
    """

    columns: Mapping[str, Mapping[str, bool]]
    on_network: frozenset[str] = frozenset()
    variant: str | None = None
    lacking: tuple[str, ...] = ()
    stored_lists: tuple[str, ...] = ()
