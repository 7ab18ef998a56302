"""Keys that nobody can send, or everybody knows, are refused at start."""

import pytest

from backend.core.api_keys import is_short
from backend.core.errors import InvalidConfiguration
from backend.core.settings import IsolatedSettings

GOOD = "kL2_example-key~of.32+letters/=!"


@pytest.mark.parametrize("variable", ["api_key", "admin_api_key"])
@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("change-me", "still holds the example's key"),
        ("'CHANGE_ME'", "still holds the example's key"),
        (f"{GOOD},change-me", "still holds the example's key"),
        (f'"{GOOD}"', "in quotes"),
        (f'"{GOOD},{GOOD}"', "in quotes"),
        (f"'{GOOD}", "in quotes"),
        ("schlüssel-für-alle", "beyond ASCII"),
        ("two words-in-one-key", "a blank or a control character"),
        ("tab\tin-the-middle-of-it", "a blank or a control character"),
        ("line\nin-the-middle-of-it", "a blank or a control character"),
        ("bell\x07in-the-middle-of-it", "a blank or a control character"),
        ("deleted\x7fin-the-middle", "a blank or a control character"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_with_how_to_make_one(
    variable: str, key: str, said: str
) -> None:
    values = {"database_url": "sqlite:///shop.db", "api_key": GOOD, variable: key}
    with pytest.raises(InvalidConfiguration) as caught:
        IsolatedSettings.load(**values)
    message = str(caught.value)
    assert message.startswith(f"{variable.upper()} ")
    assert said in message
    assert "secrets.token_urlsafe(32)" in message
    assert key.strip("'\"") not in message or key == "change-me"
    assert GOOD not in message


def test_keys_may_hold_whatever_a_header_carries_and_blanks_around_them() -> None:
    settings = IsolatedSettings.load(database_url="sqlite:///shop.db", api_key=f" {GOOD} ,\tb\n")
    assert settings.api_keys == (GOOD, "b")


def test_a_key_under_sixteen_letters_is_short() -> None:
    assert is_short([GOOD, "x" * 15])
    assert not is_short([GOOD, "x" * 16])
