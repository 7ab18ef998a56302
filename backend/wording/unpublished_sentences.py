"""Why what a run found is not served, in a sentence for whoever reads its report."""

from collections.abc import Mapping

ON_PURPOSE = "Nothing was published: the run was only to report."
REASONS: Mapping[str, str] = {
    "nothing_read": "Nothing was published: the run read no customer, or no order that counts.",
    "lost_customers": (
        "Nothing was published: more than half of the customers who are served are gone from "
        "the shop."
    ),
    "older_than_served": (
        "Nothing was published: what is served describes a later instant than this run."
    ),
}
HOW = "Ask for it with publish: always, or --publish always, if it is right."


def unpublished_sentence(reason: str | None) -> str:
    """Say why a run that succeeded was not published; None: it was not to be."""
    return ON_PURPOSE if reason is None else f"{REASONS[reason]} {HOW}"
