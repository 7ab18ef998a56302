"""What others named is text, whatever it holds."""

import pytest

from backend.core.visible import visible


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[/foo] [red]x :smile:", "[/foo] [red]x :smile:"),
        ("Weiß, Łódź, 東京, 👩‍👩‍👧", "Weiß, Łódź, 東京, 👩‍👩‍👧"),
        ("می‌خواهم", "می‌خواهم"),
        ("one\ntwo\r\n\tthree", "one two   three"),
        ("a\u2028b\u00a0c", "a b\u00a0c"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b2Jx\x00", "\\x9b2Jx\\x00"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_a_name_is_one_line_that_shows_all_of_it(name: str, shown: str) -> None:
    assert visible(name) == shown
