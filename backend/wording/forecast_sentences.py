"""What a person should know before they rely on a forecast."""

from backend.forecast.forecast_notes import (
    BeatenByRule,
    ForecastNote,
    HistoryTooShort,
    LeansOnRule,
    NobodyCameBack,
    SeasonUnknown,
)


def forecast_note(note: ForecastNote) -> str:
    """Say one thing about a forecast."""
    match note:
        case NobodyCameBack():
            return "Nobody has ordered on two days yet: all customers have the same base rate."
        case HistoryTooShort():
            return "The history is too short to try the forecast on the shop's own past."
        case SeasonUnknown():
            return (
                "The shop has no record of this season a year ago: how much it will sell in all "
                "is uncertain; who buys more than whom is not affected."
            )
        case LeansOnRule(target, rule, weight):
            return (
                f'On the shop\'s own past the simple rule "{rule}" improves {target}; '
                f"the forecast leans on it by {weight:.0%}."
            )
        case BeatenByRule(target, rule):
            return f'For {target}, the simple rule "{rule}" does better on the past.'
