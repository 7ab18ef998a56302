"""What others named is text, whatever it holds."""

import pytest

from backend.core.visible import is_readable, visible


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


@pytest.mark.parametrize("name", ["Weiß", "東京 2", "👩‍👩‍👧", "❤️", "می‌خواهم", "한국", "⠓"])
def test_a_name_of_any_script_can_be_read(name: str) -> None:
    assert is_readable(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u200b",
        "\u200b\u2060",
        "\u2003\u3164",
        "\u115f\u1160",
        "\u3164\u200d\u3164",
        "\u2800",
        "\ufe0f",
        "\u00ad",
        "\U000e0041",
        "A\u200bB",
        "Gold\u200d",
        "\u202eevil",
    ],
)
def test_a_name_that_shows_nothing_or_hides_something_cannot(name: str) -> None:
    assert not is_readable(name)
