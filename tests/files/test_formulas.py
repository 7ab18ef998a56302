"""What spreadsheets would take for a formula is text in a file of ours."""

import csv
import io

import pytest

from backend.files.list_files import in_csv

WIDE = ("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201")  # = + - @ as East Asian keyboards have them


@pytest.mark.parametrize("text", ["=1+1", "+1x", "-1x", "@a", "\t=1", "\r=1", "\n=1", *WIDE])
def test_what_begins_as_a_formula_does_is_text(text: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(in_csv([(text,)]), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["1-1", "a=b", "-12", "O'Hara", "\u5f20\uff1d", ""])
def test_everything_else_is_as_it_was(text: str) -> None:
    (row,) = csv.reader(io.StringIO(in_csv([(text, "end")]), newline=""))
    assert row == [text, "end"]
