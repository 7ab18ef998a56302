"""The parameters published for the CDNOW sample, in weeks, known at the end of 1997-09-30."""

from collections.abc import Callable

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory
from backend.forecast.learn.lifetime import (
    fit_beta_geometric,
    fit_gamma_gamma,
    fit_pareto,
)
from backend.forecast.lifetime import summarise
from backend.forecast.lifetime.summary import Cells

History = Callable[[str], OrderHistory]
# The paper's customer: two repeat purchases, the last in week 30.43 of 38.86.
ONE = (np.array([2.0]), np.array([30.43]), np.array([38.86]))


@pytest.fixture(scope="module")
def cells(cdnow_sample: History) -> Cells:
    """Weekly statistics; the papers count time up to, not through, September 30."""
    summary = summarise(cdnow_sample("1997-10-01").purchase_days())
    return Cells.of(summary.x, summary.t_x / 7, (summary.T - 1) / 7)


def test_bg_nbd_is_the_paper_s(cells: Cells) -> None:
    model = fit_beta_geometric(cells, modified=False)
    assert model.r == pytest.approx(0.243, abs=0.0005)
    assert model.alpha == pytest.approx(4.414, abs=0.0005)
    assert model.a == pytest.approx(0.793, abs=0.0005)
    assert model.b == pytest.approx(2.426, abs=0.0005)
    assert model.expect(*ONE, horizon=39)[0][0] == pytest.approx(1.226, abs=0.0005)


def test_mbg_nbd_is_the_published_one(cells: Cells) -> None:
    model = fit_beta_geometric(cells, modified=True)
    assert model.r == pytest.approx(0.525, abs=0.0005)
    assert model.alpha == pytest.approx(6.183, abs=0.0005)
    assert model.a == pytest.approx(0.891, abs=0.0005)
    assert model.b == pytest.approx(1.614, abs=0.0005)


def test_pareto_nbd_is_the_paper_s(cells: Cells) -> None:
    model = fit_pareto(cells)
    assert model.r == pytest.approx(0.553, abs=0.0005)
    assert model.alpha == pytest.approx(10.578, abs=0.0005)
    assert model.s == pytest.approx(0.606, abs=0.0005)
    assert model.beta == pytest.approx(11.669, abs=0.0005)


def test_gamma_gamma_is_the_paper_s(cdnow_sample: History) -> None:
    days = cdnow_sample("1997-10-01").purchase_days()
    repeat = np.diff(days.customer, prepend=-1) == 0
    repeats = np.bincount(days.customer[repeat])
    spend = np.bincount(days.customer[repeat], days.spend[repeat])
    known = spend > 0.05
    model = fit_gamma_gamma(repeats[known].astype(float), spend[known] / repeats[known])
    assert len(repeats[known]) == 946
    assert model.p == pytest.approx(6.25, abs=0.005)
    assert model.q == pytest.approx(3.74, abs=0.005)
    assert model.gamma == pytest.approx(15.44, abs=0.02)
