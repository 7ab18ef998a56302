"""Text of others on one line, with nothing in it that a reader could not see."""

import re
import unicodedata

# Characters of Persian, and families of emoji, are held together by these.
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
UNSEEN = {"Cc", "Cf", "Cs"}  # controls, marks that turn the direction of writing, half characters
BLANK = "Zs"  # of any width, and those that keep an amount and its currency on one line
# Letters, marks and signs to Unicode, and nothing to a reader: its Default_Ignorable_Code_Point
# beside UNSEEN, the empty cell of Braille, the head of a note that has none.
UNDRAWN = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001d159\U000e0100-\U000e01ef"
)
JOINED = re.compile(f"(?<=[^\\x00-\\x7f])[{JOINERS}](?=[^\\x00-\\x7f])")
DRAWN = re.compile(rf"[^\s{UNDRAWN}{JOINERS}]")


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


def is_readable(line: str) -> bool:
    """Tell whether a name has something to see, and nothing in it that nobody sees."""
    return JOINED.sub("", line).isprintable() and DRAWN.search(line) is not None
