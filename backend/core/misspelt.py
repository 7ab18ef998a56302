"""Variables that are nearly ours: a person meant one of ours, and nothing would say so."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache

JOINED_LIKENESS = 0.9  # APIKEYS for API_KEY has it
NAME_LIKENESS = 0.8  # AUTO_MIGRATION for AUTO_MIGRATE has it, BASE_URL for DATABASE_URL does not
WORD_LIKENESS = 0.65  # URI for URL has it, USER and PORT for URL do not

log = logging.getLogger(__name__)


def misspelt(names: Iterable[str], ours: Sequence[str]) -> Mapping[str, str]:
    """Return which of the names are no variables of ours, and which one each is nearly.

    A name that holds all words of ours and more (TEST_DATABASE_URL, REDIS_TLS_URL) is another
    program's.
    """
    known = {name: _words(name) for name in ours}
    unknown = sorted({name.upper() for name in names} - known.keys())
    meant = {name: _meant(name, known) for name in unknown}
    return {name: one for name, one in meant.items() if one is not None}


def name_misspelt(variables: Mapping[str, str]) -> None:
    """Name in the log what `misspelt` found, each once in a process."""
    for name, meant in variables.items():
        _name_once(name, meant)


@cache
def _name_once(name: str, meant: str) -> None:
    log.warning("%s is unknown; did you mean %s?", name, meant)


def _meant(name: str, ours: Mapping[str, Sequence[str]]) -> str | None:
    words = _words(name)
    near = [one for one, its_words in ours.items() if _is_near(words, its_words)]
    return max(near, key=lambda one: _likeness(name, one), default=None)


def _words(name: str) -> list[str]:
    plain = "".join(one if one.isascii() and one.isalnum() else " " for one in name.upper())
    return plain.split()


def _is_near(words: Sequence[str], ours: Sequence[str]) -> bool:
    joined, ours_joined = "".join(words), "".join(ours)
    if words[:1] != ours[:1] and not _may_be_like(joined, ours_joined, NAME_LIKENESS):
        return False
    if sorted(words) == sorted(ours) or joined == ours_joined:
        return True
    if _holds(words, ours):
        return False
    return _lacks_words(words, ours) or _is_typed_wrongly(words, ours)


def _holds(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether all of the others are among the words, in their order."""
    left = iter(words)
    return all(other in left for other in others)


def _lacks_words(words: Sequence[str], ours: Sequence[str]) -> bool:
    """PREDICTION_HORIZON, ADMIN_KEY: but BASE_URL is anybody's."""
    return len(words) > 1 and words[0] == ours[0] and _holds(ours, words)


def _is_typed_wrongly(words: Sequence[str], ours: Sequence[str]) -> bool:
    joined, ours_joined = "".join(words), "".join(ours)
    if len(words) != len(ours):
        return _is_like(joined, ours_joined, JOINED_LIKENESS)
    pairs = zip(words, ours, strict=True)
    return _is_like(joined, ours_joined, NAME_LIKENESS) and all(
        _is_like(*pair, WORD_LIKENESS) for pair in pairs
    )


def _is_like(one: str, other: str, least: float) -> bool:
    return _may_be_like(one, other, least) and _likeness(one, other) >= least


def _may_be_like(one: str, other: str, least: float) -> bool:
    """Tell by lengths and letters alone that two are less alike, of nearly all that are.

    Every variable of the machine is held against each of ours: it was a tenth of a start.
    """
    if 2 * min(len(one), len(other)) < least * (len(one) + len(other)):
        return False
    letters, its_letters = _letters(one), _letters(other)
    shared = min(len(one) - len(letters - its_letters), len(other) - len(its_letters - letters))
    return 2 * shared >= least * (len(one) + len(other))


_letters: Callable[[str], frozenset[str]] = cache(frozenset)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
