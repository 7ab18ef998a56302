import numpy as np
from scipy.special import polygamma

from backend.segments.habit_evidence import trigamma


def test_the_trigamma_is_scipys() -> None:
    halves = np.arange(1, 4000) / 2
    np.testing.assert_allclose(trigamma(halves), polygamma(1, halves), rtol=1e-14)
