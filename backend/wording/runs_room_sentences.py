"""What the pages of runs say."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from backend.wording.dates import counted, moment

NAME = "Runs"
TITLE = "When everything was learnt anew"
ABOUT = (
    "A run reads the shop, forecasts every customer, finds the segments, and replaces what is "
    "served, all at once."
)
NEVER_RUN = "No run was asked for yet."
ASKED, DESCRIBES, STATE, TOOK, CUSTOMERS, ORDERS = (
    "Asked for",
    "Describes",
    "How it ended",
    "Took",
    "Customers",
    "Orders",
)
OLDER = "Older runs"
NEWEST = "The newest runs"
START, START_IT = "Start a run", "Start"
PUBLISH = "Replace what is served"
PUBLISH_CHOICES: Mapping[str, str] = {
    "auto": "If what it finds is fit to be",
    "always": "Whatever it finds",
    "never": "Never: a dry run, to report only",
}
PUBLISH_HELP = (
    "Fit is what read something, lost no more than half of the customers, and is no older than "
    "what is served."
)
AS_OF, AS_OF_HELP = (
    "Describe the shop as it was on",
    "Only what was ordered before that day counts; left empty: as it is now. By dry runs any two "
    "days can be compared, in the room Segments.",
)
WHILE_ONE_IS_ACTIVE = "Another can be started when this one has ended."
CANCEL, CANCEL_HELP = "Cancel it", "Nothing of it is published; what is served stays."
LOOK_AGAIN = "Look again"
AT_WORK = "At work"
PROGRESS = "Share of the work that is done"
STATES: Mapping[str, str] = {
    "queued": "Waiting for a worker",
    "running": AT_WORK,
    "succeeded": "Served before",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
SERVED, DRY, HELD_BACK = "Served now", "Reported only", "Not published"
STAGES: Mapping[str, str] = {
    "read": "Reading customers and orders",
    "forecast": "Forecasting every customer",
    "segments": "Finding the segments",
    "publish": "Replacing what is served",
}
REPORT = "Read its report"
COMPARED = "Compare its segments with those before"
MOVED = "See who moved"
BACK = "All runs"
READINESS = "The shop's data"
SETTINGS, SETTING, VALUE = "What to set", "Setting", "To"
LOOKED_AT = "What else was looked at"
FIGURES = "In figures"
STAGE, ROWS = "Stage", "Rows"
WAITING = "It begins when a worker takes it."


def run_asked(instant: datetime, zone: tzinfo) -> str:
    """Name a run."""
    return f"Run of {moment(instant, zone)}"


def took(seconds: float) -> str:
    """Say how long something took."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{seconds:.1f} s"
    return f"{minutes:,} min {rest} s"


def how_far(stage: str, share: float) -> str:
    """Say what a run is doing."""
    return f"{STAGES.get(stage, stage)}: {100 * share:.0f} % done"


def met(customers: int | None, orders: int | None) -> str:
    """Say what a run has read so far; nothing before it has."""
    told = [
        counted(number, noun)
        for number, noun in ((customers, "customer"), (orders, "order"))
        if number is not None
    ]
    return f"{' and '.join(told)} read." if told else ""


def else_looked_at(count: int) -> str:
    """Name what was found to be well."""
    return f"{LOOKED_AT}: {counted(count, 'thing')}, all well"
