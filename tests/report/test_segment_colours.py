"""Colours of segments: by id alone."""

from itertools import combinations

import pytest

from backend.report.segment_colours import colour_of
from backend.segments.vocabulary import HALF_IDS, HALVES, KNOWN_IDS


def distance(one: str, other: str) -> int:
    channels = (bytes.fromhex(colour[1:]) for colour in (one, other))
    return sum(abs(left - right) for left, right in zip(*channels, strict=True))


def test_every_known_segment_has_a_colour_of_its_own() -> None:
    assert len({colour_of(identity) for identity in KNOWN_IDS}) == len(KNOWN_IDS)


def test_undivided_segments_can_be_told_apart() -> None:
    undivided = sorted(KNOWN_IDS - set(HALF_IDS))
    assert min(distance(*map(colour_of, pair)) for pair in combinations(undivided, 2)) >= 40


@pytest.mark.parametrize("halves", [("recent", "older"), ("upper", "lower")])
def test_the_halves_of_a_segment_can_be_told_apart(halves: tuple[str, str]) -> None:
    assert set(halves) <= set(HALVES)
    wholes = {whole for whole, _ in HALF_IDS.values()}
    pairs = [[colour_of(f"{whole}_{half}") for half in halves] for whole in wholes]
    assert min(distance(*pair) for pair in pairs) >= 40


def test_a_segment_of_another_version_keeps_one_shade_of_its_stage() -> None:
    assert colour_of("slipping_dreamers") == "#e8a757"
    assert colour_of("slipping_dreamers") != colour_of("slipping_thinkers")
