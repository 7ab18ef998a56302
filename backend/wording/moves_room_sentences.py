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
FROM, TO, CUSTOMERS, WHY, WHEN, CUSTOMER = "From", "To", "Customers", "Why", "When", "Customer"
STATE_OF, COMPARED_WITH = "State of", "Compared with"
SHOW = "Show"
LARGEST = "The largest flows"
MATRIX = "From where to where"
FROM_TO = "From, then to"
ALL = "All"
WHO = "Who they are"
NO_ONE_CHOSEN = "Nobody moved so."
EVERYBODY = "See everybody"
NO_RUN_BEFORE = "There is no earlier run to compare with"
FROM_THE_SECOND_RUN = "Who moves is told from the second run on, for as long as moves are kept."


def headline(moved: int) -> str:
    """Say how many moved."""
    if not moved:
        return "Nobody went from one segment to another"
    went = "went" if moved > 1 else "has gone"
    return f"{counted(moved, 'customer')} {went} from one segment to another"


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


def between(before: datetime, now: datetime, zone: tzinfo) -> str:
    """Say which two runs this is about."""
    return f"From the run that describes {day(before, zone)} to that of {day(now, zone)}."


def undrawn(customers: int) -> str:
    """Say how many moved in flows that are too small to draw; nothing where nobody did."""
    return f"{counted(customers, 'customer')} moved in smaller flows." if customers else ""


def shown_of(shown: int, total: int) -> str:
    """Say how many of them stand here."""
    return (
        f"{counted(total, 'customer')}."
        if shown == total
        else f"The latest {shown:,} of {total:,}."
    )
