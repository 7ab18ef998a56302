"""One rule for what is the same text whatever its case, and the pattern that finds it anywhere.

Texts are the same when their full case foldings are canonically equivalent, as Unicode defines
caseless matching (https://www.unicode.org/versions/latest/core-spec/chapter-3/#G34145): Weiß, WEISS
and weiss; Σ and ς; é of one character or of two. The four i's with and without a dot are one
letter besides, for who types a Turkish name without a Turkish keyboard. Other accents tell letters
apart.

A database's own lower() knows another rule in each of them, so what is searched for is written as a
regular expression of every spelling, which PostgreSQL, MySQL, MariaDB and Python read alike.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

Holds = Callable[[str], bool]

# What is folded by another rule is another text: counts up with the rule, and with Unicode.
FOLDING_RULE = f"1 {unicodedata.unidata_version}"
NO_MARK = "(?![\u0300-\u036f])"  # else e would find the é of two characters
MARKLESS_END = "(?:[^\u0300-\u036f]|$)"
DOT_ABOVE, DOTLESS = "\u0307", "\u0131"
SPACES = " \t\n\u00a0\u2002\u2003\u2009\u202f\u3000"
# PostgreSQL's trigram index learns nothing from a sign beyond this one in a pattern:
# https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/regex/regexport.c
LAST_TOLD = "\u07ff"
# Where such signs are that yet are a spelling of what is within, as K, ẞ, ﬁ and wide blanks; and
# the n with an apostrophe, the long s and a dot above as a sign of its own, which hardly anybody
# writes and any n, s or i might be.
RARE_SIGNS = (
    r"[\u0149\u017f\u0307\u1c80-\u1c8f\u1e9a-\u1e9e\u1f00-\u200a\u202f\u2100-\u214f"
    r"\u2c60-\u2c7f\u3000\ua720-\ua7ff\ufb00-\ufb17]"
)
# An e-mail has no blank either, but to a trigram index the dot in ada.love@ is one.
RARE_IN_EMAIL = RARE_SIGNS.replace("[", r"[ \t\u00a0", 1)
# In a name a blank is one space, but for hardly any.
RARE_IN_NAME = RARE_SIGNS.replace("[", r"[\t\n\u00a0", 1) + "|  "
REMEMBERED = 1024  # letters of searches, and what a database can hold of them
SPECIAL = frozenset(r"\.^$*+?()[]{}|-#&~/")
# No script beyond Adlam has two cases, nor have ideographs and Hangul, half of all characters.
CASED = (*range(0x41, 0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x1E944))


def is_plain(sign: str) -> bool:
    """Tell whether a trigram index can be asked for a sign by a pattern; else it may be rare."""
    return sign <= LAST_TOLD and sign not in "\u0149\u017f\u0307"


@dataclass(frozen=True, slots=True)
class Spellings:
    """The other ways of writing what is folded.

    Attributes
    ----------
    letters
        Of a letter: É of é.
    ligatures
        Of several letters: ß of ss.
    beginnings_of, ends_of
        Ligatures by their first and their last letter.
    """

    letters: Mapping[str, set[str]]
    ligatures: Mapping[str, set[str]]
    beginnings_of: Mapping[str, set[str]]
    ends_of: Mapping[str, set[str]]


@lru_cache(maxsize=1)
def spellings() -> Spellings:
    """Look for them among all characters that have two cases: 30 ms, once."""
    known = Spellings(*(defaultdict(set) for _ in range(4)))
    for sign in map(chr, CASED):
        if sign.casefold() == sign and sign != DOTLESS:
            continue
        whole = folded(sign)
        if len(whole) == 1 or any(map(unicodedata.combining, whole)):
            known.letters[whole].add(sign)
        else:
            known.ligatures[whole].add(sign)
            known.beginnings_of[whole[0]].add(sign)
            known.ends_of[whole[-1]].add(sign)
    return known


def folded(text: str) -> str:
    """Return what all spellings of a text share."""
    if text.isascii():  # the same, in a tenth of the time
        return " ".join(text.lower().split())
    # Twice: folding may leave what composes (ΐ), and composing what folds.
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    dotless = plain.replace(DOTLESS, "i").replace("i" + DOT_ABOVE, "i")
    return unicodedata.normalize("NFC", " ".join(dotless.split()))


def contains(wanted: str, holds: Holds = lambda _: True) -> str | None:
    """Return a pattern of every text that contains this one.

    Parameters
    ----------
    wanted
        What is looked for, in any case.
    holds
        Whether the database can hold a character.

    Returns
    -------
    None where there is nothing to look for, or no text of the database could contain it.
    """
    return pattern(folded(wanted), holds)


def begins(wanted: str, holds: Holds = lambda _: True) -> str | None:
    """Return a pattern of every text that begins with this one, else as `contains`."""
    return pattern(folded(wanted), holds, start="^")


def equals(wanted: str, holds: Holds = lambda _: True) -> str | None:
    """Return a pattern of every spelling of this text, else as `contains`."""
    return pattern(folded(wanted), holds, start="^", end="$")


def blanks(holds: Holds) -> str:
    """Return a pattern of one blank."""
    return f"[{''.join(filter(holds, SPACES))}]"


def pattern(text: str, holds: Holds, *, start: str = "", end: str = "") -> str | None:
    """Return a pattern of every spelling of a folded text between two others.

    Parameters
    ----------
    text
        From `folded`.
    holds
        Whether the database can hold a character.
    start, end
        Patterns of what is before and after; empty where that is anything.

    Returns
    -------
    None as `contains`.
    """
    parts = [_letter(text, at, ends, holds, start, end) for at, ends in _letters(text)]
    if not parts or None in parts:
        return None
    return start + "".join(filter(None, parts)) + end


def endings(text: str, holds: Holds) -> list[str]:
    """Return the ways in which the last two letters of a folded text may be spelt.

    In small letters where ASCII has them; none where the text has fewer than two.
    """
    spelt = spelt_letters(text, holds, is_open=False)[-2:]
    return sorted({"".join(several) for several in product(*spelt)}) if len(spelt) == 2 else []


def spelt_letters(
    text: str, holds: Holds, *, is_open: bool, is_open_ahead: bool = False
) -> list[frozenset[str]]:
    """Return in which ways each letter of a folded text may be spelt, small where ASCII has it.

    Parameters
    ----------
    text, holds
        As of `pattern`.
    is_open, is_open_ahead
        Whether more may follow, or be ahead: the last letter may then be the beginning of a
        ligature, the first its end.
    """
    letters = [text[at:ends] for at, ends in _letters(text)]
    spelt = [_spelt(letter, holds) for letter in letters]
    if is_open_ahead and letters:
        spelt[0] = spelt[0].union(filter(holds, spellings().ends_of.get(letters[0], ())))
    if is_open and letters:
        spelt[-1] = spelt[-1].union(filter(holds, spellings().beginnings_of.get(letters[-1], ())))
    return spelt


@lru_cache(REMEMBERED)
def _spelt(letter: str, holds: Holds) -> frozenset[str]:
    """Return every spelling of one of `_letters`."""
    if letter == " ":
        return frozenset(filter(holds, SPACES))
    known = spellings()
    apart = letter if letter in known.ligatures else [letter]
    ways = {"".join(several) for several in product(*map(_dotted, apart))}
    held = (way for way in ways | known.ligatures.get(letter, set()) if all(map(holds, way)))
    return frozenset("".join(map(_small, way)) for way in held)


def _small(sign: str) -> str:
    return sign.lower() if sign.isascii() else sign


def _dotted(letter: str) -> set[str]:
    ways = _ways(letter)
    return ways | {way + DOT_ABOVE for way in ways} if letter == "i" else ways


def without_lookahead(pattern: str) -> str:
    """Return the same pattern for what cannot look ahead, as RE2: it takes what it would look at.

    That is behind the last letter alone, where nothing else follows.
    """
    return pattern.replace(NO_MARK, "" if pattern.endswith("$") else MARKLESS_END)


@lru_cache(REMEMBERED)
def _letters(text: str) -> Sequence[tuple[int, int]]:
    """Return where each letter begins and ends: ss is one, for it may be spelt ß."""
    return tuple(_cut(text))


def _cut(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text):
        ends = next((at + n for n in (3, 2) if text[at : at + n] in spellings().ligatures), at + 1)
        if _is_mark(text, ends):
            ends = at + 1
        while _is_mark(text, ends):
            ends += 1
        yield at, ends
        at = ends


def _is_mark(text: str, at: int) -> bool:
    return unicodedata.combining(text[at : at + 1] or " ") > 0


def _letter(text: str, at: int, ends: int, holds: Holds, start: str, end: str) -> str | None:
    """Return the pattern of one letter; None where the database can hold no spelling of it."""
    letter, known = text[at:ends], spellings()
    if letter == " ":
        return f"{blanks(holds)}+"
    ligatures = set(known.ligatures.get(letter, ()))
    if at == 0 and not start:
        ligatures |= known.ends_of.get(letter, set())  # s finds ß
    if ends == len(text) and not end:
        ligatures |= known.beginnings_of.get(letter, set())
    apart = letter if letter in known.ligatures else [letter]
    # What follows begins with no mark, so that only the last letter could be one with another.
    no_marks = [""] * (len(apart) - 1) + [NO_MARK if ends == len(text) else ""]
    singles = [_single(one, holds, no_mark) for one, no_mark in zip(apart, no_marks, strict=True)]
    spelt = [] if None in singles else ["".join(filter(None, singles))]
    return _either([*spelt, *filter(holds, sorted(ligatures))])


def _either(ways: list[str]) -> str | None:
    if len(ways) < 2:
        return next(iter(ways), None)
    if all(len(way) == 1 for way in ways):  # told from others in half the time
        return f"[{''.join(ways)}]"
    return f"(?:{'|'.join(ways)})"


@lru_cache(REMEMBERED)
def _single(letter: str, holds: Holds, no_mark: str) -> str | None:
    """Return the pattern of a letter with its marks, however they are composed."""
    ways = [way for way in sorted(_ways(letter)) if all(map(holds, way))]
    one = _either(["".join(map(_literal, way)) for way in ways])
    if one is None or not letter[-1].isalpha() or not holds(DOT_ABOVE):
        return one
    return one + (f"{DOT_ABOVE}?" if letter == "i" else "") + no_mark


def _ways(letter: str) -> set[str]:
    """Return every spelling of a letter, its marks with it or composed as one."""
    bare, marks, letters = letter[0], letter[1:], spellings().letters
    cased = {letter, *letters.get(letter, ()), *(one + marks for one in letters.get(bare, ()))}
    return {way for one in cased for way in _composed(one)}


def _composed(letter: str) -> Iterator[str]:
    """Yield a letter with none, some and all of its marks composed."""
    yield letter  # the sign for Kelvin composes to K
    apart = unicodedata.normalize("NFD", letter)
    for size in range(1, len(apart) + 1):
        yield unicodedata.normalize("NFC", apart[:size]) + apart[size:]


def _literal(sign: str) -> str:
    return f"\\{sign}" if sign in SPECIAL else sign
