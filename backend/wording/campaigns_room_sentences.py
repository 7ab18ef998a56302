"""What the pages of campaigns say beside `campaign_sentences`."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from backend.results.campaign import CampaignState, Verdict
from backend.wording.dates import days, short_day
from backend.wording.money import UNKNOWN

NAME = "Campaigns"
TITLE = "Campaigns, and what they brought"
ABOUT = (
    "A part of a list is held out by chance, the others are reached, and what both buy says what "
    "reaching them brought."
)
NONE_YET = "There is no campaign yet."
CAMPAIGN, STATE, CAME_OF, CUSTOMERS, CLOSES = (
    "Campaign",
    "State",
    "What came of it",
    "Customers",
    "Window closes",
)
NEXT, BACK = "Earlier campaigns", "All campaigns"
MAKE, MAKE_IT = "Describe a campaign", "See what it can show"
MAKE_HELP = "Nobody is drawn yet: first you are told what it can show, and then you may start it."
CALLED = "What it is called"
WHO, WHO_HELP = "Who is in it", "Choose others in the list of customers, and come back from there."
EVERYBODY = "Every customer"
SEE_LIST = "See them"
HELD_OUT_PERCENT, HELD_OUT_HELP = (
    "Held out, in percent",
    "From 5 to 50. The more are held out, the smaller an effect is seen.",
)
WINDOW_DAYS, WINDOW_HELP = (
    "Days in which what they buy is counted",
    "At most 365. Empty: until somebody closes it, which is a holdout for good.",
)
GOAL, COST = "What it is to bring", "What it costs, all together"
COST_HELP = "Empty: not known. In the shop's currency."
UNBOUNDED = "Held out, in percent: a number from 5 to 50."
LABELS: Mapping[str, str] = {
    "name": CALLED,
    "holdout_share": HELD_OUT_PERCENT,
    "window_days": WINDOW_DAYS,
    "goal": GOAL,
    "cost": COST,
}

WHAT_IT_CAN_SHOW = "What it can show"
SHOWS: Mapping[str, str] = {
    "buyers": "Buyers",
    "spend": "Spend per customer",
    "adjusted": "Spend per customer, with the forecast",
}
MEASURE, USUAL, SMALLEST, WANTED = (
    "Measured by",
    "Without it",
    "Smallest effect that is seen",
    "Customers that would show 5 % more",
)
POWER_HELP = (
    "Seen four times out of five, by a test that is wrong one time in twenty. From what customers "
    "like these did in a window of the same length."
)
WHAT_IT_BROUGHT = "What it brought"
BROUGHT, COSTS, RETURN = "Brought all together", "Cost", "Came back for each unit of cost"
BOUGHT, SPENT = "Bought", "Spent on average"
HELD_OUT_BESIDE = "of those held out {figure}"
INTERVALS_OF = {"buyers": "More buyers in a hundred", "spend": "More spent per customer"}
INTERVALS_READ = (
    "The line is where the true effect lies 95 times out of 100, the dot the best guess. Where the "
    "line crosses zero, it may be that there is none."
)
EARLY_READ = "A dashed line with an open dot is an early look: not to be decided by."
BY_SEGMENT = "By segment"
BY_SEGMENT_READ = (
    "Segments as they were at the start, those with 50 or more on both sides. The lines are longer "
    "the more segments are looked at: one by luck is not taken for an effect."
)
COUNTED, SEGMENT, EFFECT, BETWEEN = "Counted", "Segment", "Effect", "Between"
WHO_IS_REACHED = "Who is to be reached"
TREATED_LIST, TREATED_CSV = "See who is to be reached", "Download them all as CSV"
CUSTOMER_LIST = "Customers who meet its conditions today"
FOR_STATISTICIANS = "For the statistician"
EFFECTS, ARMS, BALANCE = "Effects", "Both arms", "Alike before"
ARM_FIGURE, REACHED, HELD_OUT = "Per customer counted", "Reached", "Held out"
LOW, HIGH, DIFFERENCE = "Low", "High", "Difference"
MEASURES: Mapping[str, str] = {
    "buyers": "Share of buyers (Newcombe)",
    "spend": "Spend, every cent (Welch, skewness taken out)",
    "adjusted_spend": "Spend, every cent, with the forecast (CUPED)",
    "limited_spend": "Spend, huge amounts limited (Welch, skewness taken out)",
    "limited_adjusted_spend": "Spend, limited, with the forecast (CUPED): money rests on it",
}
ARM_FIGURES: Mapping[str, str] = {
    "drawn": "Customers drawn",
    "missing": "Of them erased or gone since",
    "buyers": "Customers who bought",
    "buying_share": "Share who bought",
    "spend": "Spend, every cent",
    "limited_spend": "Spend, huge amounts limited",
    "forecast": "Forecast at the start",
}
KNOWN_BEFORE, APART = "Known before", "Standard deviations apart"
DOINGS = "What to do"
START, START_HELP = (
    "Start it",
    "Draws who is held out, by chance and for good. From then on lists say of them until when.",
)
CLOSE, CLOSE_HELP = (
    "Close its window now",
    "What is bought from now on is not counted. The next run counts it, and once more after 14 "
    "days. Before its window is over, that is an early look and no more.",
)
ABANDON, ABANDON_HELP = (
    "Give it up",
    "Nobody is held out for it any longer, and it is never counted.",
)
SURE = "I am sure"
TABLE = "Customers who are to be reached"
NOBODY = "Nobody is left who could be reached."
NEXT_PAGE, BEGINNING = "Next page", "Back to the beginning"

VERDICTS: Mapping[Verdict, str] = {
    Verdict.MORE: "It worked",
    Verdict.LESS: "It did harm",
    Verdict.CANNOT_TELL: "Not enough data to tell",
    Verdict.UNEVEN_LOSS: "Nothing can be concluded",
}
NOT_COUNTED: Mapping[CampaignState, str] = {
    CampaignState.DRAFT: "Not started",
    CampaignState.RUNNING: "Not counted yet",
    CampaignState.ABANDONED: UNKNOWN,
}


def verdict(found: Verdict, *, is_early: bool) -> str:
    """Say in a word what came of a campaign."""
    said = VERDICTS[found]
    return f"An early look: {said[0].lower()}{said[1:]}" if is_early else said


def state(
    now: CampaignState,
    created_at: datetime,
    closes_at: datetime | None,
    settles_at: datetime | None,
    ended_at: datetime | None,
    zone: tzinfo,
    *,
    is_cut: bool,
) -> str:
    """Say how far a campaign is, and what comes next."""
    if now is CampaignState.DRAFT:
        return f"Draft of {short_day(created_at, zone)}: nobody is drawn."
    if now is CampaignState.ABANDONED:
        return "Given up: it is never counted."
    if now is CampaignState.CLOSED:
        cut = ", before its window was over" if is_cut else ""
        return f"Closed {_when(closes_at, zone)}{cut}, and counted for good."
    if closes_at is None or settles_at is None:
        return "Running until somebody closes it."
    settled = f"it is counted for good by the first run after {short_day(settles_at, zone)}"
    if ended_at is not None:
        how = "was cut short" if is_cut else "closed"
        return f"Its window {how} {_when(closes_at, zone)}; {settled}."
    return f"Running; its window closes {_when(closes_at, zone)}, and {settled}."


def _when(instant: datetime | None, zone: tzinfo) -> str:
    return UNKNOWN if instant is None else short_day(instant, zone)


def window(count: int | None) -> str:
    """Say how long what customers buy is counted."""
    return "Counted until somebody closes it" if count is None else f"Counted for {days(count)}"


def share_held_out(share: float) -> str:
    """Say how many are held out."""
    return f"{100 * share:g} in 100 are held out, by chance"


def already_held_out(count: int) -> str:
    """Say whom another campaign holds out."""
    those = "1 more meets" if count == 1 else f"{count:,} more meet"
    return f"{those} its conditions, and another campaign holds them out: in neither arm"


def costs(amount: str) -> str:
    """Say what it costs."""
    return f"It costs {amount}"


def treated_told(total: int, missing: int, held_out: int) -> str:
    """Head the list of who is to be reached."""
    those = "1 customer is" if total == 1 else f"{total:,} customers are"
    gone = "" if not missing else f" {missing:,} of those drawn are erased or gone since."
    out = "" if not held_out else f" {held_out:,} are held out by another campaign since."
    return f"{those} to be reached.{gone}{out}"


def chosen_by(name: str, values: Iterable[str]) -> str:
    """Say one condition, such as "Segment: A or B"."""
    return f"{name}: {' or '.join(values)}"


def in_a_hundred_more(difference: float) -> str:
    """Write a difference of shares, such as "+2.3 in 100"."""
    return f"{signed_points(difference)} in 100"


def signed_points(difference: float) -> str:
    """Write hundredths with their sign, such as "+2.3"; "0" where there is none."""
    points = round(100 * difference, 1)
    if not points:
        return "0"
    return f"+{points:.1f}" if points > 0 else f"\N{MINUS SIGN}{-points:.1f}"


def apart(deviations: float) -> str:
    """Write by how many standard deviations the arms were apart, with its sign."""
    return f"{deviations:+.3f}".replace("-", "\N{MINUS SIGN}")


def between(low: str, high: str) -> str:
    """Say both ends of an interval."""
    return f"{low} to {high}"


def of_segment(name: str, treated: int, held_out: int) -> str:
    """Say how many of a segment are counted."""
    return f"{name} ({treated:,} reached, {held_out:,} held out)"


def precision_gain(gain: float) -> str:
    """Say what the forecast is worth."""
    if gain <= 0:
        return "The forecast does not narrow the interval of limited spend here."
    return f"The forecast narrows the interval of limited spend by {100 * gain:.0f} %."


def spend_limit(limit: str) -> str:
    """Say what one customer counts for at most."""
    return f"One customer's spend counts for at most {limit}, which was fixed at the start."


NO_LIMIT = "No spend is limited."


def ratio_check(p_value: float | None) -> str:
    """Say whether the arms lost customers alike."""
    if p_value is None:
        return "Nobody is missing from either arm."
    told = f"{p_value:.4f}" if p_value >= 0.0001 else "less than 0.0001"
    return (
        f"So uneven a loss of customers comes by chance with p = {told} (Fisher's exact test; "
        "below 0.0005 nothing is concluded)."
    )


def counted_at(instant: datetime, zone: tzinfo) -> str:
    """Say up to when orders were known."""
    return f"Orders and refunds known up to {short_day(instant, zone)}; by intention to treat."
