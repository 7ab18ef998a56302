"""What the list of customers says."""

from collections.abc import Iterable, Mapping

from backend.core.glossary import HeldOut, Status
from backend.wording.dates import counted

NAME = "Customers"
CUSTOMER = "Customer"
SEARCH, FIND = "Search by e-mail, name or id", "Find"
SEARCH_BY_ID = "Search by a whole id"
FILTERS, APPLY, EVERYBODY = "Filters", "Show these", "Show everybody"
COLUMNS, SHOW_COLUMNS = "Columns", "Show these columns"
ALL_AS_CSV = "Download all as CSV"
ALL_AS_WORKBOOK = "Download all as a workbook"
CAMPAIGN = "Describe a campaign to them"
NEXT, BEGINNING = "Next page", "Back to the beginning"
TABLE = "Customers of this list"
NOBODY = "Nobody meets all of these conditions."
NOBODY_FOUND = "Nobody is found by that."
SEARCH_HELP = "Among all customers, whatever the filters are."
ARROWS: Mapping[str, str] = {
    "": "",
    "ascending": "\N{UPWARDS ARROW}",
    "descending": "\N{DOWNWARDS ARROW}",
}
YES, NO, WITHOUT_END = "yes", "no", "without end"
COUNTING = "What they add up to is being counted…"
NONE = "There are none."

STATUSES: Mapping[Status, str] = {
    Status.SCORED: "Known",
    Status.INSUFFICIENT_HISTORY: "Too little history",
    Status.NO_ORDERS: "No orders yet",
    Status.NOT_SCORED_YET: "Not seen by a run yet",
    Status.VALUE_OUT_OF_RANGE: "Too large to tell",
}
_CONDITIONS: Mapping[str, str] = {
    "segment": "Segment",
    "group": "Group",
    "status": "Status",
    "min_churn_risk": "Risk to leave from",
    "max_churn_risk": "Risk to leave up to",
    "min_ltv": "Lifetime value from",
    "max_ltv": "Lifetime value up to",
    "min_predicted_value": "Expected from",
    "min_value_at_risk": "At risk from",
    "min_frequency": "Orders from",
    "max_recency_days": "Days since last order up to",
    "ordered_before": "Last order before",
    "first_ordered_since": "First order since",
    "first_ordered_before": "First order before",
    "next_order_before": "Next order expected before",
    "moved_since": "Changed segment since",
    "changed_since": "Changed at all since",
    "held_out": "Held out by a campaign",
}
_HELD_OUT: Mapping[HeldOut, str] = {
    HeldOut.INCLUDE: "Also them",
    HeldOut.EXCLUDE: "Without them",
    HeldOut.ONLY: "Only them",
}
_NUMBERS: Mapping[str, str] = {
    "email": "E-mail",
    "archetype.id": "Segment id",
    "archetype.name": "Segment",
    "archetype.level": "Segment level",
    "ltv": "Lifetime value",
    "churn_risk": "Risk to leave",
    "no_order_chance": "Chance of no order",
    "total_orders": "Orders",
    "avg_order_value": "Mean order",
    "historical_value": "Brought so far",
    "predicted_value": "Expected",
    "predicted_value_low": "Expected, low",
    "predicted_value_high": "Expected, high",
    "predicted_orders": "Expected orders",
    "predicted_orders_low": "Expected orders, low",
    "predicted_orders_high": "Expected orders, high",
    "value_at_risk": "At risk",
    "next_order_p10": "Next order, early",
    "next_order_p50": "Next order",
    "next_order_p90": "Next order, late",
    "last_order_at": "Last order",
    "first_order_at": "First order",
    "recency_days": "Days since last order",
    "age_days": "Days since first order",
    "usual_gap_days": "Usual days between orders",
    "typical_order_value": "Typical order",
    "cluster_confidence": "Sureness of segment",
    "held_out_until": "Held out until",
    "run_id": "Run",
    "as_of": "As of",
}


def condition(name: str, meaning: str) -> str:
    """Label a condition; one that has no label yet is told by its meaning."""
    return _CONDITIONS.get(name, meaning)


def number(name: str) -> str:
    """Head the column of a field of the profile; one that has no head yet by its name."""
    return _NUMBERS.get(name, name.replace("_", " ").replace(".", ", ").capitalize())


def status(text: str) -> str:
    """Say a status."""
    return STATUSES[Status(text)] if text in {*Status} else text


def held_out(choice: HeldOut) -> str:
    """Say whether those are in a list whom campaigns hold out."""
    return _HELD_OUT[choice]


def left_out(count: int) -> str:
    """Say how many are not in a list because campaigns hold them out."""
    return f"{counted(count, 'customer')} left out: campaigns hold them out."


def how_many(total: int) -> str:
    """Head a list."""
    return counted(total, "customer")


def found(count: int, most: int, query: str) -> str:
    """Head what a search found."""
    quoted = f"\N{LEFT DOUBLE QUOTATION MARK}{query}\N{RIGHT DOUBLE QUOTATION MARK}"
    return (
        f"The best {count:,} for {quoted}" if count >= most else f"{how_many(count)} for {quoted}"
    )


def filters(given: int) -> str:
    """Name the filters, with how many say something."""
    return f"{FILTERS} ({given})" if given else FILTERS


def known_of(known: int) -> str:
    """Say over how many a sum goes, where that is not all."""
    return f"known of {known:,}"


def percent(share: float) -> str:
    """Write a probability or a share."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def not_understood(wrong: Iterable[tuple[str, str]]) -> str:
    """Say what of the question does not fit: names of conditions, and what is wrong with each."""
    told = (f"{condition(name, name)}: {problem}" for name, problem in wrong)
    return "; ".join(one.replace("Value error, ", "") for one in told) + "."
