"""What a date may mean: 03/01/2024 is in January with the day first, and in March with the month.

Whatever is read here is one of: a date of three numbers, a date with the month as a word, a number
of days as spreadsheets count them, or of seconds as computers do.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from backend.files.notation.months import is_weekday, month_number
from backend.files.notation.zones import zone_label, zone_named

LONGEST = 80
FIRST_YEAR, LAST_YEAR = 1900, 2199
FIRST_YEAR_OF_19 = 69  # 69 to 99 are of the last century, as in POSIX
MONTHS_OF_A_YEAR = 12
NOON = 12
ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
NUMERIC = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})\.?")
CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
TIME = re.compile(
    r"(?<![\d:])(?P<hour>\d{1,2})(?::|h)(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[ap])\.?\s?m\b\.?)?(?:\s?Uhr\b)?"
    r"(?:\s?\[?(?P<zone>(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]+(?:/[A-Za-z_+-]+)+|[A-Za-z]{1,4})\]?"
    r"(?=\s|$|\[|\())?(?:\s?(?:\([^)]*\)|\[[^\]]*\]))?(?![\d:])",
    re.IGNORECASE,
)
WORDS = re.compile(r"[^\W\d_]+|\d+")
FILLERS = frozenset(
    (
        "de",
        "del",
        "den",
        "der",
        "of",
        "at",
        "um",
        "a",
        "à",
        "le",
        "el",
        "la",
        "las",
        "los",
        "il",
        "alle",
        "ore",
        "the",
        "t",
    )
)
ORDINALS = frozenset(("st", "nd", "rd", "th", "er", "o"))
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001, UTC without saying so
# Excel's days count from here, since it takes 1900 for a leap year.
SHEET_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001, a sheet knows no zone
SHEET_DAYS = range(20_000, 80_000)  # 1954 to 2119
NUMBER = re.compile(r"(\d{5,17})(?:\.(\d{1,12}))?")
# How many digits a count since 1970 has, and how many of it are a second.
SECONDS = {9: 1, 10: 1, 12: 1_000, 13: 1_000, 15: 1_000_000, 16: 1_000_000}
EARLIEST_SECOND = 631_152_000  # 1990: what is counted so was not written earlier
COMPACT = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}


class DateOrder(StrEnum):
    """In which order day, month and year stand."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A time as it is written: what the clock showed, and the zone beside it, if there is one."""

    local: datetime
    zone: tzinfo | None = None

    def in_utc(self, shop: ZoneInfo) -> datetime:
        """Return it as naive UTC; without a zone beside it, it is in the shop's."""
        aware = self.local.replace(tzinfo=self.zone or shop)
        return aware.astimezone(UTC).replace(tzinfo=None)

    def zone_of(self, shop: ZoneInfo) -> str:
        """Return the zone that it came in."""
        return zone_label(self.zone or shop, self.local)


@dataclass(frozen=True, slots=True)
class DateText:
    """A date as it is written.

    Attributes
    ----------
    readings
        What it means in each order in which it is a date.
    usual
        The order in which everybody writes dates of this form, such as 31.01.2024; None for none.
    """

    readings: Mapping[DateOrder, WrittenTime]
    usual: DateOrder | None = None


@lru_cache(maxsize=4096)
def date_text(text: str, shop: ZoneInfo) -> DateText | None:
    """Read a date in every order in which it is one; None where it is none in any.

    Parameters
    ----------
    text
        As it stands in the file.
    shop
        The shop's zone: its own words for its time hold ahead of others.
    """
    cleaned = " ".join(text.split())
    if not cleaned or len(cleaned) > LONGEST:
        return None
    if number := NUMBER.fullmatch(cleaned):
        return _always(counted_moment(number[1], number[2] or ""))
    clock = TIME.search(cleaned)
    if clock is None:
        days = _days(cleaned)
        return days and DateText(
            {
                order: WrittenTime(datetime.combine(day, datetime.min.time()))
                for order, day in days[0]
            },
            days[1],
        )
    days = _days(f"{cleaned[: clock.start()]} {cleaned[clock.end() :]}".strip())
    return days and _timed(days, clock, shop)


def counted_moment(whole: str, fraction: str = "") -> WrittenTime | None:
    """Read a bare number: days of a spreadsheet, or seconds since 1970 and their parts."""
    if len(whole) in COMPACT and not fraction:
        return _compact(whole)
    if int(whole) in SHEET_DAYS:
        seconds = round(float(f"0.{fraction or '0'}") * 86_400)
        return WrittenTime(SHEET_EPOCH + timedelta(days=int(whole), seconds=seconds))
    parts = SECONDS.get(len(whole))
    if parts is None or int(whole) // parts < EARLIEST_SECOND:
        return None
    return WrittenTime(EPOCH + timedelta(microseconds=int(whole) * 1_000_000 // parts), UTC)


def _compact(digits: str) -> WrittenTime | None:
    try:
        found = datetime.strptime(digits, COMPACT[len(digits)])  # noqa: DTZ007, in the shop's zone
    except ValueError:
        return None
    return WrittenTime(found) if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _always(moment: WrittenTime | None) -> DateText | None:
    return None if moment is None else DateText(dict.fromkeys(DateOrder, moment))


Days = tuple[list[tuple[DateOrder, date]], DateOrder | None]


def _days(text: str) -> Days | None:
    """Return the day that a text means in each order, and the order usual for its form."""
    text = text.strip(" ,").removesuffix("T").strip(" ,")
    first, _, rest = text.partition(" ")
    if rest and is_weekday(first.strip(".,")):
        text = rest
    if iso := ISO.fullmatch(text):
        return _found(dict.fromkeys(DateOrder, iso.groups("")), None)
    if numeric := NUMERIC.fullmatch(text):
        return _numeric(*numeric.groups(""))
    if chinese := CHINESE.fullmatch(text):
        return _found(dict.fromkeys(DateOrder, chinese.groups("")), None)
    return _worded(WORDS.findall(text))


def _numeric(first: str, mark: str, second: str, third: str) -> Days | None:
    if len(first) >= 3:  # a day or month has two digits
        return _found(dict.fromkeys(DateOrder, (first, second, third)), None)
    if len(third) == 3:  # no year has three
        return None
    parts = {DateOrder.DMY: (third, second, first), DateOrder.MDY: (third, first, second)}
    if len(third) <= 2:  # the year may be in front
        parts[DateOrder.YMD] = (first, second, third)
    return _found(parts, DateOrder.DMY if mark == "." else None)


def _worded(words: list[str]) -> Days | None:
    """Read a date whose month is a word, with day and year on either side of it."""
    numbers = [word for word in words if word.isdecimal()]
    names = [word for word in words if not word.isdecimal() and word.casefold() not in FILLERS]
    names = [name for name in names if name.casefold() not in ORDINALS]
    months = [number for name in names if (number := month_number(name))]
    strange = [name for name in names if not month_number(name) and not is_weekday(name)]
    if len(numbers) != 2 or len(months) != 1 or strange:  # a day and a year
        return None
    first, second = numbers
    month = f"{months[0]}"
    if len(first) == 4:  # a year of four digits
        return _found(dict.fromkeys(DateOrder, (first, month, second)), None)
    if len(second) == 4:  # a year of four digits
        return _found(dict.fromkeys(DateOrder, (second, month, first)), None)
    parts = dict.fromkeys((DateOrder.DMY, DateOrder.MDY), (second, month, first))
    return _found({**parts, DateOrder.YMD: (first, month, second)}, DateOrder.DMY)


def _found(parts: Mapping[DateOrder, Sequence[str]], usual: DateOrder | None) -> Days | None:
    days = ((order, _day(*one)) for order, one in parts.items())
    found = [(order, day) for order, day in days if day is not None]
    return (found, usual) if found else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        found = date(_year(year), int(month), int(day))
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _year(digits: str) -> int:
    number = int(digits)
    if len(digits) > 2:  # said in full
        return number
    return number + (1900 if number >= FIRST_YEAR_OF_19 else 2000)


def _timed(days: Days, clock: re.Match[str], shop: ZoneInfo) -> DateText | None:
    hour = _hour(int(clock["hour"]), clock["half"])
    readings: dict[DateOrder, WrittenTime] = {}
    for order, day in days[0]:
        try:
            local = datetime(  # noqa: DTZ001, its zone is beside it
                *(day.year, day.month, day.day, hour, int(clock["minute"])),
                int(clock["second"] or 0),
                int((clock["fraction"] or "0").ljust(6, "0")[:6]),
            )
        except ValueError:
            return None
        zone = zone_named(clock["zone"], local, shop) if clock["zone"] else None
        if clock["zone"] and zone is None:
            return None
        readings[order] = WrittenTime(local, zone)
    return DateText(readings, days[1])


def _hour(hour: int, half: str | None) -> int:
    """Return the hour of the day; -1, which is none, for 13 PM."""
    if half is None:
        return hour
    if not 1 <= hour <= NOON:
        return -1
    return hour % NOON + (NOON if half.casefold() == "p" else 0)
