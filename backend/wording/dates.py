"""Days and numbers of things as people read them."""


def days(count: int) -> str:
    """Write a number of days, such as "1 day" or "30 days"."""
    return counted(count, "day")


def counted(number: float, noun: str) -> str:
    """Write a rounded number of things, such as "1 order" or "1,200 orders"."""
    whole = round(number)
    return f"{whole:,} {noun}" + ("" if whole == 1 else "s")
