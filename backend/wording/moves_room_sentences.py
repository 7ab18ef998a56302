"""What the page Moves says: who went from one segment to another, and why."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from backend.core.glossary import Cause
from backend.wording.dates import counted, day

NAME = "Moves"
NEWLY_KNOWN, GONE = "Newly known", "Gone from the shop"
CAUSES: Mapping[Cause, str] = {
    Cause.BEHAVIOUR: "By what they did",
    Cause.MODEL: "The border moved",
}
ANY_CAUSE, ANY_SEGMENT = "Whatever the reason", "Any segment"
FROM, TO, CUSTOMERS, WHY, WHEN, CUSTOMER = "From", "To", "Moves", "Why", "When", "Customer"
SINCE, SINCE_HELP = "Since", "Left empty: with the run that is served."
SHOW = "Show"
LARGEST = "The largest flows"
MATRIX = "From where to where"
FROM_TO = "From, then to"
ALL = "All"
WHO = "Who they are"
NO_ONE_CHOSEN = "Nobody moved so."
EVERYBODY = "See everybody"


def headline(moved: int) -> str:
    """Say how many moved."""
    if not moved:
        return "Nobody went from one segment to another"
    went = "went" if moved > 1 else "has gone"
    return f"{counted(moved, 'customer')} {went} from one segment to another"


def headline_since(moves: int) -> str:
    """Say how often somebody moved: over several runs one customer may more than once."""
    return f"{counted(moves, 'move')} from one segment to another"


def by_cause(behaviour: int, model: int) -> str:
    """Say why they did; nothing where nobody did."""
    told = [
        f"{behaviour:,} by what they did or did not do" if behaviour else "",
        f"{model:,} because the border between segments moved" if model else "",
    ]
    parts = [one for one in told if one]
    return f"{', '.join(parts)}." if parts else ""


def came_and_went(appeared: int, gone: int) -> str:
    """Say who else came and went; nothing where nobody did."""
    told = [
        f"{appeared:,} newly known" if appeared else "",
        f"{gone:,} gone from the shop" if gone else "",
    ]
    parts = [one for one in told if one]
    return f"Besides, {', '.join(parts)}." if parts else ""


def with_run(as_of: datetime, zone: tzinfo) -> str:
    """Say that this is about the served run."""
    return f"With the run that describes {day(as_of, zone)}."


def since(instant: datetime, zone: tzinfo) -> str:
    """Say that this is about all runs since a day."""
    return f"With all runs since {day(instant, zone)}."


def shown_of(shown: int, total: int) -> str:
    """Say how many of them stand here."""
    return f"{counted(total, 'move')}." if shown == total else f"The latest {shown:,} of {total:,}."
