"""Text of others on one line, with nothing in it that a reader could not see."""

import unicodedata

# Characters of Persian, and families of emoji, are held together by these.
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
UNSEEN = {"Cc", "Cf", "Cs"}  # controls, marks that turn the direction of writing, half characters
BLANK = "Zs"  # of any width, and those that keep an amount and its currency on one line


def visible(text: str) -> str:
    """Return the text on one line, what a terminal or page would obey written out: `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() and category != BLANK:
        return " "
    if category in UNSEEN and character not in JOINERS:
        return character.encode("unicode_escape").decode()
    return character
