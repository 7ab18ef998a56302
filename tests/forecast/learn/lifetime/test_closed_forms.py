"""Every formula against the definition of its model, integrated numerically over the customers."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import expit, log_expit
from scipy.stats import gamma as gamma_distribution

from backend.forecast.learn.lifetime import fit_beta_geometric, fit_pareto
from backend.forecast.learn.lifetime.fit_beta_geometric import (
    _Likelihood as _BetaGeometricLikelihood,
)
from backend.forecast.learn.lifetime.fit_gamma_gamma import _Likelihood as _GammaGammaLikelihood
from backend.forecast.learn.lifetime.fit_pareto import _Likelihood as _ParetoLikelihood
from backend.forecast.lifetime import BetaGeometric, GammaGamma, Pareto
from backend.forecast.lifetime.beta_geometric import FEW_ROWS
from backend.forecast.lifetime.summary import Cells

FloatArray = NDArray[np.float64]
Objective = Callable[[FloatArray], tuple[float, FloatArray]]
NODES = 400

shapes = st.floats(0.3, 4.0)
times = st.floats(2.0, 30.0)
horizons = st.floats(0.5, 60.0)


@st.composite
def customers(draw: st.DrawFn) -> tuple[float, float, float]:
    """Repeat purchases, time of the last one, age."""
    x = draw(st.integers(0, 8))
    age = draw(st.floats(1.0, 60.0))
    last = draw(st.floats(0.01, 1.0)) * age if x else 0.0
    return float(x), last, age


def gamma_nodes(shape: float, rate: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and probabilities of a gamma distribution: the trapezoid rule over logs."""
    logs = np.linspace(-45.0, 7.0, NODES)
    at = np.exp(logs) / rate
    weight = np.exp(shape * logs - at * rate)
    return at, weight / weight.sum()


def beta_nodes(a: float, b: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and probabilities of a beta distribution: the trapezoid rule over logits."""
    logits = np.linspace(-45.0, 45.0, NODES)
    weight = np.exp(a * log_expit(logits) + b * log_expit(-logits))
    return expit(logits), weight / weight.sum()


def one(x: float, t_x: float, age: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    return np.array([x]), np.array([t_x]), np.array([age])


@given(shapes, times, shapes, shapes, customers(), horizons, st.booleans())
@settings(max_examples=60)
def test_beta_geometric_agrees_with_its_definition(
    r: float,
    alpha: float,
    a: float,
    b: float,
    customer: tuple[float, float, float],
    horizon: float,
    modified: bool,
) -> None:
    x, t_x, age = customer
    # The purchases seen change the rate's distribution to Gamma(r + x, alpha): use its own nodes.
    rate, rate_weight = gamma_nodes(r + x, alpha + t_x)
    p, p_weight = beta_nodes(a, b)
    weight = np.outer(rate_weight, p_weight)
    chances = x + modified
    alive = (1 - p) ** chances * np.exp(-rate * (age - t_x))[:, None] * weight
    dead = p * (1 - p) ** (chances - 1) * weight if chances else np.zeros_like(weight)
    total = alive.sum() + dead.sum()
    bought = -np.expm1(-np.outer(rate, p) * horizon) / p
    none = np.exp(-rate * horizon)[:, None]

    model = BetaGeometric(r, alpha, a, b, modified)
    expected, p_none = model.expect(*one(x, t_x, age), horizon)
    assert model.probability_alive(*one(x, t_x, age))[0] == pytest.approx(
        alive.sum() / total, rel=1e-5
    )
    assert expected[0] == pytest.approx((alive * bought).sum() / total, rel=1e-5)
    assert p_none[0] == pytest.approx(1 - (alive * (1 - none)).sum() / total, rel=1e-5)


@given(shapes, times, shapes, times, customers(), horizons)
@settings(max_examples=60)
def test_pareto_agrees_with_its_definition(
    r: float,
    alpha: float,
    s: float,
    beta: float,
    customer: tuple[float, float, float],
    horizon: float,
) -> None:
    x, t_x, age = customer
    rate, rate_weight = gamma_nodes(r + x, alpha + t_x)
    leave, leave_weight = gamma_nodes(s, beta + t_x)
    weight = np.outer(rate_weight, leave_weight)
    both = rate[:, None] + leave
    gone = -np.expm1(-both * (age - t_x)) * leave / both * weight
    alive = np.exp(-both * (age - t_x)) * weight
    total = alive.sum() + gone.sum()
    bought = rate[:, None] * -np.expm1(-leave * horizon) / leave
    buys = rate[:, None] / both * -np.expm1(-both * horizon)

    model = Pareto(r, alpha, s, beta, unit=age / 10)
    expected, none = model.expect(*one(x, t_x, age), horizon)
    assert model.probability_alive(*one(x, t_x, age))[0] == pytest.approx(
        alive.sum() / total, rel=1e-5
    )
    assert expected[0] == pytest.approx((alive * bought).sum() / total, rel=1e-5)
    assert none[0] == pytest.approx(1 - (alive * buys).sum() / total, rel=1e-5)


@given(shapes, st.floats(1.5, 6.0), times, st.integers(0, 8), st.floats(1.0, 100.0))
@settings(max_examples=60)
def test_gamma_gamma_agrees_with_its_definition(
    p: float, q: float, gamma: float, purchases: int, mean_spend: float
) -> None:
    # Given the spend seen, the rate is Gamma(p x + q, gamma + x m), and a purchase p / rate.
    rate = gamma_distribution(p * purchases + q, scale=1 / (gamma + purchases * mean_spend))
    expected, _ = quad(lambda at: p / at * rate.pdf(at), 0, np.inf)
    model = GammaGamma(p, q, gamma)
    scored = model.expected_spend(np.array([float(purchases)]), np.array([mean_spend]))
    assert scored[0] == pytest.approx(expected, rel=1e-6)


def test_spend_has_a_mean_even_where_the_tail_is_too_heavy() -> None:
    unseen = np.zeros(1)
    assert np.isfinite(GammaGamma(1.0, 0.5, 10.0).expected_spend(unseen, unseen)).all()


@given(shapes, times, times, customers(), horizons)
@settings(max_examples=30)
def test_pareto_is_continuous_where_its_formula_is_not(
    r: float, alpha: float, beta: float, customer: tuple[float, float, float], horizon: float
) -> None:
    near, at = (
        Pareto(r, alpha, s, beta).expect(*one(*customer), horizon)[0] for s in (1 + 1e-5, 1.0)
    )
    assert near == pytest.approx(at, rel=1e-4)


def likelihoods() -> dict[str, Objective]:
    rng = np.random.default_rng(3)
    x = rng.integers(0, 6, 50).astype(float)
    age = rng.uniform(5, 40, 50).round()
    last = np.where(x > 0, age * rng.uniform(0.1, 1, 50), 0.0).round()
    cells = Cells.of(x, last, age)
    spend = rng.gamma(2, 20, 50)
    return {
        "bg_nbd": _BetaGeometricLikelihood(cells, 3.0, modified=False),
        "mbg_nbd": _BetaGeometricLikelihood(cells, 3.0, modified=True),
        "pareto_nbd": _ParetoLikelihood(cells, 3.0),
        "gamma_gamma": _GammaGammaLikelihood(x + 1, spend / spend.mean()),
    }


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma"])
def test_gradients_are_those_of_the_likelihood(name: str) -> None:
    likelihood = likelihoods()[name]
    logs = np.log([0.8, 2.0, 0.7, 3.0])[: 3 if name == "gamma_gamma" else 4]

    def value(at: FloatArray) -> float:
        return likelihood(at)[0]

    numeric = approx_fprime(logs, value, 1e-6)
    np.testing.assert_allclose(likelihood(logs)[1], numeric, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("modified", [False, True])
def test_a_customer_of_every_day_is_no_overflow(modified: bool) -> None:
    daily, gone = one(1500.0, 1500.0, 1501.0), one(600.0, 600.0, 3000.0)
    model = BetaGeometric(1.0, 10.0, 0.2, 4.0, modified)
    expected, none = model.expect(*daily, 365)
    assert 300 < expected[0] < 365
    assert none[0] < 0.01
    assert model.expect(*gone, 365)[0][0] == pytest.approx(0, abs=1e-9)
    many = Cells.of(*(np.concatenate(pair) for pair in zip(daily, gone, strict=True)))
    for fitted in (fit_beta_geometric(many, modified=modified, ridge=2), fit_pareto(many, ridge=2)):
        assert np.all(np.isfinite(fitted.expect(*daily, 365)))


@pytest.mark.parametrize("modified", [False, True])
def test_a_customer_alone_gets_the_digits_that_they_get_among_many(modified: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.poisson(rng.gamma(0.5, 20.0, 3 * FEW_ROWS)).astype(float)
    age = rng.integers(1, 700, len(x)).astype(float)
    last = np.where(x > 0, np.floor(age * rng.random(len(x))), 0.0)
    model = BetaGeometric(r=0.7, alpha=20.0, a=0.6, b=2.1, modified=modified)
    many = model.expect(x, last, age, 365.0)
    alone = [model.expect(*one(*each), 365.0) for each in zip(x, last, age, strict=True)]
    assert many[0].tolist() == [expected[0] for expected, _ in alone]
    assert many[1].tolist() == [none[0] for _, none in alone]
    assert many[0].max() > 24  # beyond the first two blocks of counts
