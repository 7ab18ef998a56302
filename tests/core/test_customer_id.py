"""An id is its text: parsed, stored, sorted and joined by one rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.customer_id import UNKNOWN, CustomerId, CustomerIds, are_ids, as_text

SIGNED = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(max_size=8) | SIGNED.map(str)


@pytest.mark.parametrize(
    "written", ["7", "-7", "007", "cus_é", " a ", "😀", "a/b", "a\nb", "x" * 255, "9" * 30]
)
def test_what_is_written_is_the_id(written: str) -> None:
    assert str(CustomerId.parse(written)) == written


@pytest.mark.parametrize("written", ["", "\0", "a\0b", "x" * 256, "9" * 4301, "\ud83d"])
def test_what_no_table_can_keep_is_nobodys_id(written: str) -> None:
    assert CustomerId.parse(written) is None


@pytest.mark.parametrize(
    "written",
    ["007", "+7", "-0", "7.0", "7e0", " 7", "7 ", "7\n", "0x7", "\u0667", "\uff17", "7_0", "--7"],
)
def test_only_a_numbers_own_spelling_is_the_number(written: str) -> None:
    customer_id = CustomerId(written)
    assert customer_id.number is customer_id.stored_as("integer") is None
    assert customer_id.stored_as("text") == written


@given(SIGNED)
def test_every_integer_of_64_bits_is_found_by_its_decimal(number: int) -> None:
    customer_id = CustomerId.parse(str(number))
    assert customer_id is not None
    assert customer_id.stored_as("integer") == customer_id.number == number
    assert customer_id.stored_as("text") == str(number)


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, -(2**63) - 1])
def test_an_integer_beyond_64_bits_is_held_as_text_alone(number: int) -> None:
    customer_id = CustomerId(str(number))
    assert customer_id.number == number
    assert customer_id.stored_as("integer") is None
    assert customer_id.stored_as("text") == str(number)


@given(st.lists(SIGNED), st.lists(SIGNED))
def test_integers_are_found_whether_they_come_as_numbers_or_as_text(
    known: list[int], asked: list[int]
) -> None:
    ids = CustomerIds.of(np.array(known, dtype=np.int64))
    assert ids.values.tolist() == sorted(set(known))
    keys = np.array([*known, *asked], dtype=np.int64)
    expected = [sorted(set(known)).index(key) if key in known else UNKNOWN for key in keys.tolist()]
    assert ids.places_of(keys).tolist() == expected
    assert ids.places_of(as_text(keys)).tolist() == expected


@given(st.lists(TEXTS), st.lists(SIGNED))
def test_texts_are_found_exactly_and_numbers_among_them_by_their_decimal(
    known: list[str], asked: list[int]
) -> None:
    ids = CustomerIds.of(np.array([*known, "end"], dtype=object))
    assert ids.values.tolist() == sorted({*known, "end"})
    assert [ids.values[place] for place in ids.places_of(ids.values)] == ids.values.tolist()
    places = ids.places_of(np.array(asked, dtype=np.int64)).tolist()
    assert [place != UNKNOWN for place in places] == [str(key) in known for key in asked]


def test_nothing_stands_among_nobody() -> None:
    keys = np.array([7], dtype=np.int64)
    assert CustomerIds.of(keys[:0]).places_of(keys).tolist() == [UNKNOWN]


def test_a_missing_id_is_no_customer_called_none() -> None:
    ids = CustomerIds.of(np.array(["None", "nan", "7"], dtype=object))
    assert ids.places_of(np.array([None], dtype=object)).tolist() == [UNKNOWN]


@given(st.lists(st.none() | st.text(max_size=300)))
def test_a_column_and_a_single_id_are_judged_alike(column: list[str | None]) -> None:
    alike = [text is not None and CustomerId.parse(text) is not None for text in column]
    assert are_ids(np.array(column, dtype=object)).tolist() == alike
    assert are_ids(np.arange(3)).all()
