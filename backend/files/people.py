"""Who placed an order: by e-mail, else by telephone, else by the platform's own id, else nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from backend.core.late import late
from backend.files.records import Row
from backend.files.values import made_id
from backend.results.loaded_files import Identity

LONGEST_EMAIL = 255
LENGTHS = {"first_name": 100, "last_name": 100}
FEWEST_DIGITS, MOST_DIGITS = 7, 15
NOBODY = ("0", "-1", "none", "null", "guest")


@dataclass(frozen=True, slots=True)
class PersonRead:
    """A person as a file tells of them; "" for what it does not say.

    Attributes
    ----------
    country
        Two letters: where a telephone number without a country's is from.
    name
        The whole name, where its parts are not told apart.
    """

    email: str = ""
    phone: str = ""
    country: str = ""
    platform_id: str = ""
    first_name: str = ""
    last_name: str = ""
    name: str = ""

    @property
    def has_platform_id(self) -> bool:
        """Whether the platform knows them; a guest's id is often 0."""
        return self.platform_id.casefold() not in ("", *NOBODY)

    @property
    def names(self) -> Row:
        """First and last name, as the guide's table holds them."""
        first, _, last = self.name.partition(" ")
        parts = {"first_name": self.first_name, "last_name": self.last_name}
        if not any(parts.values()):
            parts = {"first_name": first, "last_name": last}
        return {name: part[: LENGTHS[name]] or None for name, part in parts.items()}


@dataclass(frozen=True, slots=True)
class Identified:
    """Who somebody is.

    Attributes
    ----------
    id
        A number, or the platform's text.
    """

    id: int | str
    by: Identity


def identified(person: PersonRead, key: Callable[[str], int | str]) -> Identified | None:
    """Tell who a person is; None where nothing says it.

    Parameters
    ----------
    person
        As the file tells.
    key
        Reads the platform's id.
    """
    if email := clean_email(person.email):
        return Identified(made_id("customer", email), Identity.EMAIL)
    if number := clean_phone(person.phone, person.country):
        return Identified(made_id("customer", number), Identity.PHONE)
    if person.has_platform_id:
        return Identified(key(person.platform_id), Identity.PLATFORM_ID)
    return None


def clean_email(text: str) -> str | None:
    """Return an e-mail in small letters; None where it is none."""
    cleaned = text.strip().lower()
    name, _, domain = cleaned.rpartition("@")
    is_one = name and domain and not any(one.isspace() for one in cleaned)
    return cleaned if is_one and len(cleaned) <= LONGEST_EMAIL else None


@lru_cache(maxsize=4096)
def clean_phone(text: str, country: str) -> str | None:
    """Return a telephone number as E.164 has it, such as +4930123456; None where it is none.

    Parameters
    ----------
    text
        As written. Without the country's number in front, `country` says whose it is.
    country
        Two letters, or "".
    """
    written = text.strip().removeprefix("'").strip()
    digits = "".join(one for one in written if one.isdecimal() and one.isascii())
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS + 2 or len(set(digits)) == 1:
        return None
    numbers: _Numbers = late("phonenumbers")
    try:
        found = numbers.parse(written, country.upper() or None)
    except numbers.NumberParseException:
        return None
    if not numbers.is_possible_number(found):
        return None
    return numbers.format_number(found, numbers.PhoneNumberFormat.E164)


class _Numbers(Protocol):
    """What is used of phonenumbers, which is imported when the first number is read."""

    NumberParseException: type[Exception]
    PhoneNumberFormat: Any

    def parse(self, number: str, region: str | None) -> Any: ...
    def is_possible_number(self, number: Any) -> bool: ...
    def format_number(self, number: Any, form: Any) -> str: ...
