"""Shares of people as people say them."""


def in_a_hundred(share: float) -> str:
    """Say a share, in [0, 1], as people out of a hundred."""
    return f"{100 * share:.0f} in 100"


def hundredths(share: float) -> int:
    """Return a share, in [0, 1], as the whole number of a hundred that it is told as."""
    return int(f"{100 * share:.0f}")


def percent(share: float) -> str:
    """Write a share, in [0, 1], in percent."""
    return f"{100 * share:.0f} %"


def said_and_left(share: float) -> str:
    """Say how many left of those who were said to."""
    return f"Of 100 customers we said would leave, {100 * share:.0f} did"
