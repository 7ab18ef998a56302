"""What borders cost: their confidence takes many refits, which only those that hold are worth."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backend.core.glossary import Decision
from backend.segments.learn import borders
from backend.segments.learn.fit_space import fit_space
from backend.segments.learn.segment_tuning import TUNED
from backend.segments.membership import Before
from tests.segments.learn.test_night import AS_OF, known_of, planted, segmented


def test_only_borders_that_are_adopted_are_refitted_for_their_confidence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fits: list[Any] = []
    real = fit_space

    def noted(*given: Any, **options: Any) -> Any:
        fits.append(given)
        return real(*given, **options)

    monkeypatch.setattr(borders, "fit_space", noted)
    history, _ = planted()
    first = segmented(history)
    adopted = len(fits)
    assert first.model is not None
    # A standing model whose borders lie where no fit of this shop would put them.
    repeat, shift = first.model.boxes["repeat"], np.array([0.25, 0.0])
    moved = replace(repeat, low=repeat.low + shift, high=repeat.high + shift)
    odd = replace(first.model, boxes={**first.model.boxes, "repeat": moved})
    strange = Before(model=odd, ids=odd.assign(known_of(history)).ids, as_of=AS_OF)
    held = segmented(history, strange, refit="now")
    assert held.report.refit == Decision.HELD_BACK
    tries = len(fits) - adopted
    assert tries == len(TUNED.night.shares_of_previous)
    assert adopted == 1 + TUNED.borders.refits  # its own, without bounds too, and resamples
