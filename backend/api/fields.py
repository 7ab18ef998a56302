"""Types that several routes and answers share."""

import re
from typing import Annotated

from fastapi import Depends, Path
from pydantic import BeforeValidator, Field
from pydantic.config import JsonDict
from starlette.convertors import Convertor, register_url_convertor

from backend.api.state import State
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.core.visible import is_readable
from backend.store import runs

LONGEST_LIST_OF_WORDS = 100
# What is more than blanks and commas, to Python and to the patterns of JSON's schemas alike.
A_LETTER = r"[^\s,\x00\x1c-\x1f\x85\ufeff]"
# Nothing is called by a name with a NUL, and PostgreSQL refuses to look for one.
A_WORD = r"^[^\x00]*" + A_LETTER + r"[^\x00]*$"
SOME_WORD: JsonDict = {"items": {"type": "string", "pattern": A_WORD}}
LATEST = "latest"
Probability = Annotated[float, Field(ge=0, le=1)]


def _as_text(sent: object) -> object:
    """An id is its text, also where a client has it as an integer."""
    return str(sent) if isinstance(sent, int) and not isinstance(sent, bool) else sent


IdSent = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int)]


def no_boolean(sent: object) -> object:
    """Yes is no number, though Python counts it as 1."""
    if isinstance(sent, bool):
        raise ValueError("is no number")  # noqa: TRY004, the framework hears no other
    return sent


def on_one_line(value: str) -> str:
    """Take blanks as people see them, and nothing that cannot be seen."""
    line = " ".join(value.split())
    if not line:
        raise ValueError("must not be blank")
    if not is_readable(line):
        raise ValueError("must not hold invisible characters")
    return line


def several(value: object) -> object:
    """Take words apart that are given by commas, by repetition, or both."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        return given
    # Not by `A_WORD`, which takes the square of its length where there is a NUL.
    if not all(re.search(A_LETTER, str(part)) and "\0" not in str(part) for part in given):
        raise ValueError("names nothing")  # who meant somebody would be told of everybody
    words = [word.strip() for part in given for word in str(part).split(",")]
    if len(words) > LONGEST_LIST_OF_WORDS:
        raise ValueError(f"has more than {LONGEST_LIST_OF_WORDS} words, blank ones counted")
    return [word for word in words if word]


Words = Annotated[
    list[str],
    BeforeValidator(several),
    Field(
        max_length=LONGEST_LIST_OF_WORDS,
        json_schema_extra=SOME_WORD,
    ),
]


class AnyText(Convertor[str]):
    """The rest of a path, whatever it holds: ids of shops may have slashes and line ends.

    Nothing too: that is nobody.
    """

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """Take it as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Write it as it is."""
        return value


register_url_convertor("any_text", AnyText())


TextInPath = Annotated[
    str, Path(description="The shop's id of a customer, as text", examples=["1234"])
]


def asked_customer(customer_id: str) -> CustomerId:
    """Read the id that is asked for.

    Raises
    ------
    CustomerNotFound
        When it can be nobody's.
    """
    if (asked := CustomerId.parse(customer_id)) is None:
        raise CustomerNotFound(customer_id)
    return asked


async def customer_id_in_path(customer_id: TextInPath) -> CustomerId:
    """Read the id that is asked for; as `asked_customer`."""
    return asked_customer(customer_id)


CustomerIdInPath = Annotated[CustomerId, Depends(customer_id_in_path)]


async def run_id_in_path(
    state: State,
    run_id: Annotated[
        str,
        Path(description="The id of a run; latest: of the one that is served", examples=["latest"]),
    ],
) -> str:
    """Read which run is asked for.

    Raises
    ------
    NoRunPublished
        When the latest is, before the first.
    """
    return await runs.published_id(state.engine) if run_id == LATEST else run_id


RunIdInPath = Annotated[str, Depends(run_id_in_path)]
SegmentIdInPath = Annotated[
    str, Path(description="The id of a segment; it never changes", examples=["high_value_repeat"])
]
