"""What the page Trust says: how wrong the numbers were on this shop's own past."""

from datetime import datetime, tzinfo

from backend.results.due_forecasts import DueForecast
from backend.wording.dates import counted, day, horizon
from backend.wording.money import rounded_money

NAME = "Trust"
TOO_SHORT = "The history is too short to try the numbers on this shop's own past"
NOTHING_SAID = "Nobody was said to leave, more likely than not"
LEAVERS, SPENDERS, RANGES, BEST_TENTH = (
    "Who would leave",
    "What they would spend",
    "How sure the ranges are",
    "Who matters most",
)
TO_KNOW = "What to know before relying on them"
MADE_ON, EXPECTED, CAME = "Forecast made on", "Expected", "Came"
SPEND_TITLE = "What was expected, beside what came"
LEFT_TITLE = "Who was said to leave, beside who did"
MADE_THEN = "Said then, come since"
REVENUE_THEN, LEAVING_THEN = "Revenue: said, and come", "Leaving customers: said, and gone"
OF_EACH_MONTH = "The last forecast of each month whose time is over, of the customers of that day."
SAID, LEFT = "Said to leave", "Left"
TENTH = "Tenth of the customers by risk"
FOR_STATISTICIANS = "For the statistician"
MEASURE, BETTER, MEANS_OF_GRADES = "Measure", "Better", "What the grades mean"
FORECAST = "Forecast"
LEAN = "Simple rules that it leans on"
LEAN_ON_NONE = "It leans on no simple rule: none does better on this shop's past."


def how_tried(trials: int, days: int) -> str:
    """Say how the numbers were tried."""
    return (
        f"We went back to {counted(trials, 'earlier day')}, forecast the next {horizon(days)} from "
        "what was known by then, and looked at what came."
    )


def learnt_from(as_of: datetime, zone: tzinfo) -> str:
    """Say which run is told of."""
    return f"As of {day(as_of, zone)}."


def said_of(customers: int, days: int, grade: str) -> str:
    """Say of how many it was said that they would leave, over all trials, and how good that is."""
    return (
        f"left of the {customers:,} we said would, within {horizon(days)}; as a whole: "
        f"{grade.lower()}"
    )


def off_by(level_error: float | None) -> str:
    """Say by how much what was expected differed from what came."""
    if level_error is None:
        return "nothing came"
    percent = round(100 * level_error)
    if not percent:
        return "just what came"
    return f"{abs(percent):,} % too {'much' if percent > 0 else 'little'}"


def expected_and_came(expected: float, came: float, currency: str | None) -> str:
    """Say both sums of one trial."""
    told, what_came = rounded_money(expected, None), rounded_money(came, currency)
    return f"the last time {told} were expected, and {what_came} came"


def revenue_came(one: DueForecast, currency: str | None, zone: tzinfo) -> str:
    """Say what a run expected all customers to bring, and what they brought."""
    expected, came = rounded_money(one.expected, None), rounded_money(one.came, currency)
    return (
        f"On {day(one.as_of, zone)} we expected {expected} within {horizon(one.horizon_days)} from "
        f"who had ordered by then; {came} came."
    )


def leavers_came(one: DueForecast, zone: tzinfo) -> str:
    """Say how many a run expected to leave, and how many left."""
    return (
        f"On {day(one.as_of, zone)} we expected {counted(one.expected, 'customer')} not to order "
        f"within {horizon(one.horizon_days)}; {one.came:,.0f} did not."
    )


def revenue_to_come(days: int, due: datetime | None, zone: tzinfo) -> str:
    """Say when the first forecast of revenue can be held against what came."""
    return _to_come(f"revenue within {horizon(days)}", due, zone)


def leavers_to_come(days: int, due: datetime | None, zone: tzinfo) -> str:
    """Say when the first forecast of who leaves can be."""
    return _to_come(f"who leaves within {horizon(days)}", due, zone)


def _to_come(what: str, due: datetime | None, zone: tzinfo) -> str:
    told = f"No published forecast of {what} is old enough to be held against what came"
    return f"{told}." if due is None else f"{told}: the first will be on {day(due, zone)}."


def customers_of(number: float) -> str:
    """Write a number of customers."""
    return f"{number:,.0f}"


def inside_beside(wanted: float) -> str:
    """Say how many should."""
    return f"spent within the range we gave them; {100 * wanted:.0f} should"


OF_ALL_SPEND = (
    "of all that came was from the tenth we said would spend most; 10 % if we had guessed"
)


def figure_of(number: float) -> str:
    """Write a measure as statisticians do."""
    return f"{number:,.3f}"


def tenth(number: int, customers: int) -> str:
    """Name a tenth of the customers, the least likely to leave first."""
    return f"{number} ({counted(customers, 'customer')})"


def spend_described(days: int, trials: int) -> str:
    """Say what the chart shows."""
    return f"Spend within {horizon(days)} after {counted(trials, 'day')} in the shop's past."


def left_described(days: int) -> str:
    """Say what the chart shows."""
    return f"Without an order within {horizon(days)}. Where both agree, the risk can be believed."


def leaning(rule: str, weight: float, about: str) -> str:
    """Say which rule the forecast leans on, and how much."""
    return f"{about}: {rule}, to {100 * weight:.0f} %"


def grade_means(grade: str, meaning: str) -> str:
    """Say what a grade means."""
    return f"{grade}: {meaning}"
