"""The peers, run by their own packages in environments of their own.

requirements-peers.txt has those of all but pymc-marketing, requirements-pymc.txt has its own.

    python peers.py PURCHASES.npz CUTOFF_DAY HORIZON_DAYS OUT.json [MODEL ...]

PURCHASES.npz holds one row per purchase day before the cut-off, sorted by customer and day:
customer, day, spend. OUT.json gets, by model, the predictions in order of customer and seconds.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

WINDOWS_DAYS = (30, 90, 180, 365)
FIT_SECONDS: list[float] = []


def main() -> None:
    """Run the peers asked for, or all."""
    purchases, cutoff, horizon, out, *wanted = sys.argv[1:]
    days = pd.DataFrame(dict(np.load(purchases)))
    results = {}
    for name, peer in PEERS.items():
        if wanted and name not in wanted:
            continue
        started = time.perf_counter()
        FIT_SECONDS.clear()
        orders, spend, risk = peer(days, int(cutoff), int(horizon))
        results[name] = {
            "seconds": time.perf_counter() - started,
            "fit_seconds": sum(FIT_SECONDS),
            "orders": np.asarray(orders, float).tolist(),
            "spend": np.asarray(spend, float).tolist(),
            "risk": np.asarray(risk, float).tolist(),
        }
    Path(out).write_text(json.dumps(results))


def timed(fit: Callable[[], Any]) -> Any:
    """Fit, and note the seconds."""
    started = time.perf_counter()
    fitted = fit()
    FIT_SECONDS.append(time.perf_counter() - started)
    return fitted


def summary(days: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    """The textbook's recency, frequency, age and mean repeat spend, in days."""
    days = days[days["day"] < cutoff]
    repeat = days["customer"].duplicated()
    grouped = days.groupby("customer")["day"]
    rows = pd.DataFrame(
        {
            "frequency": grouped.size() - 1.0,
            "recency": (grouped.max() - grouped.min()).astype(float),
            "T": (cutoff - grouped.min()).astype(float),
        }
    )
    rows["monetary_value"] = days[repeat].groupby("customer")["spend"].mean()
    return rows.fillna({"monetary_value": 0.0})


def lifetimes_peer(fitter: str):
    """A model of lifetimes, with Gamma-Gamma on repeat purchases for spend."""

    def run(days: pd.DataFrame, cutoff: int, horizon: int):
        import lifetimes

        rows = summary(days, cutoff)
        model = getattr(lifetimes, fitter)(penalizer_coef=0.0)
        timed(lambda: model.fit(rows["frequency"], rows["recency"], rows["T"]))
        customers = (rows["frequency"], rows["recency"], rows["T"])
        orders = model.conditional_expected_number_of_purchases_up_to_time(horizon, *customers)
        alive = np.asarray(model.conditional_probability_alive(*customers)).ravel()
        risk = no_purchase(alive, model.params_, fitter, rows, horizon)
        return orders, orders * spend_per_order(rows), risk

    return run


def no_purchase(alive, params, name: str, rows: pd.DataFrame, horizon: int) -> np.ndarray:
    """P(no purchase in the horizon): closed for BG and MBG, by quadrature for Pareto."""
    x, age = (rows[c].to_numpy() for c in ("frequency", "T"))
    r, alpha = params["r"], params["alpha"]
    if "Pareto" not in name:
        return 1 - alive * (1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x))
    s, beta = params["s"], params["beta"]
    at, width = np.polynomial.legendre.leggauss(48)
    at, width = 0.5 * horizon * (at + 1), 0.5 * horizon * width
    rate = ((r + x) / (alpha + age))[:, None]
    bought = ((alpha + age)[:, None] / ((alpha + age)[:, None] + at)) ** (r + x + 1)[:, None]
    stayed = ((beta + age)[:, None] / ((beta + age)[:, None] + at)) ** s
    return 1 - alive * (rate * bought * stayed * width).sum(axis=1)


def spend_per_order(rows: pd.DataFrame) -> np.ndarray:
    """Gamma-Gamma by lifetimes, penalised where it does not converge otherwise."""
    from lifetimes import GammaGammaFitter
    from lifetimes.utils import ConvergenceError

    seen = rows[(rows["frequency"] > 0) & (rows["monetary_value"] > 0)]
    for penalizer in (0.0, 0.001, 0.01):
        model = GammaGammaFitter(penalizer_coef=penalizer)
        try:
            model.fit(seen["frequency"], seen["monetary_value"])
            break
        except ConvergenceError:
            continue
    spend = model.conditional_expected_average_profit(rows["frequency"], rows["monetary_value"])
    return np.asarray(spend)


def clvkit_peer(name: str):
    """A model of clvkit, with its Gamma-Gamma."""

    def run(days: pd.DataFrame, cutoff: int, horizon: int):
        import clvkit

        log = pd.DataFrame(
            {
                "customer_id": days["customer"],
                "date": pd.to_datetime(days["day"], unit="D"),
                "amount": days["spend"],
            }
        )
        end = pd.Timestamp(cutoff, unit="D")
        base = clvkit.CustomerBase.from_transactions(log, observation_period_end=end)
        model = getattr(clvkit, name)()
        timed(lambda: model.fit(base))
        columns = (
            model.predict(horizon),
            clvkit.GammaGamma().fit(base).predict(),
            model.probability_alive(),
        )
        told = pd.concat([one.to_pandas().iloc[:, 0] for one in columns], axis=1).sort_index()
        orders, spend, alive = (told.iloc[:, place].to_numpy() for place in range(3))
        rows = summary(days, cutoff)
        return orders, orders * spend, no_purchase(alive, model.params_, name, rows, horizon)

    return run


def pymc_peer(name: str):
    """A model of pymc-marketing, fitted by maximum a posteriori."""

    def run(days: pd.DataFrame, cutoff: int, horizon: int):
        from pymc_marketing import clv

        rows = summary(days, cutoff).rename_axis("customer_id").reset_index()
        model = getattr(clv, name)()
        timed(lambda: model.fit(rows, method="map", progressbar=False))
        found = model.idata.posterior
        points = {str(one): float(found[one].mean()) for one in found.data_vars}
        orders = told(model.expected_purchases(data=rows, future_t=horizon))
        alive = told(model.expected_probability_alive(data=rows))
        spend = pymc_spend_per_order(rows)
        return orders, orders * spend, no_purchase(alive, points, name, rows, horizon)

    return run


def told(of_draws) -> np.ndarray:
    """The mean over what was drawn; one point by maximum a posteriori."""
    drawn = [one for one in ("chain", "draw") if one in of_draws.dims]
    return np.asarray(of_draws.mean(drawn)).ravel()


def pymc_spend_per_order(rows: pd.DataFrame) -> np.ndarray:
    """Gamma-Gamma by pymc-marketing."""
    from pymc_marketing import clv

    seen = rows[(rows["frequency"] > 0) & (rows["monetary_value"] > 0)].reset_index(drop=True)
    model = clv.GammaGammaModel()
    timed(lambda: model.fit(seen, method="map", progressbar=False))
    return told(model.expected_customer_spend(data=rows))


def features(days: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    """The usual table: recency, frequency, money, and the same in windows."""
    days = days[days["day"] < cutoff]
    grouped = days.groupby("customer")
    age, recency = cutoff - grouped["day"].min(), cutoff - grouped["day"].max()
    count, total = grouped.size(), grouped["spend"].sum()
    rows = pd.DataFrame({"age": age, "recency": recency, "count": count, "total": total})
    rows["mean_spend"] = total / count
    rows["mean_gap"] = (age - recency) / (count - 1).replace(0, np.nan)
    for window in WINDOWS_DAYS:
        recent = days[days["day"] >= cutoff - window].groupby("customer")["spend"]
        rows[f"count_{window}"] = recent.size()
        rows[f"spend_{window}"] = recent.sum()
    return rows.fillna({c: 0.0 for c in rows if "_3" in c or "_9" in c or "_1" in c})


def boosting_peer(package: str):
    """Two-part boosting on rolling cut-offs: P(buy), then orders and spend of those who do."""

    def run(days: pd.DataFrame, cutoff: int, horizon: int):
        length = cutoff - int(days["day"].min())
        window = horizon if length >= 1.75 * horizon else length // 2
        cutoffs = [cutoff - window - i * max(window // 4, 7) for i in range(4)]
        cutoffs = [c for c in cutoffs if c - days["day"].min() >= length / 4]
        tables = [(features(days, c), outcomes(days, c, window)) for c in cutoffs]
        known = pd.concat([t for t, _ in tables], ignore_index=True)
        came = pd.concat([o.reindex(t.index) for t, o in tables], ignore_index=True).fillna(0.0)
        classifier, regressor = estimators(package)
        bought = came["orders"] > 0
        now = features(days, cutoff)
        buys = classifier().fit(known, bought).predict_proba(now)[:, 1]
        stretch = horizon / window
        orders, spend = (
            buys * regressor().fit(known[bought], came.loc[bought, part]).predict(now) * stretch
            for part in ("orders", "spend")
        )
        return orders, np.maximum(spend, 0.0), (1 - buys) ** stretch

    return run


def outcomes(days: pd.DataFrame, cutoff: int, window: int) -> pd.DataFrame:
    """Purchase days and spend by customer in [cutoff, cutoff + window)."""
    inside = days[(days["day"] >= cutoff) & (days["day"] < cutoff + window)]
    grouped = inside.groupby("customer")["spend"]
    return pd.DataFrame({"orders": grouped.size().astype(float), "spend": grouped.sum()})


def estimators(package: str):
    """Classifier and regressor of a package, with its defaults."""
    if package == "sklearn":
        from sklearn.ensemble import (
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
        )

        return HistGradientBoostingClassifier, HistGradientBoostingRegressor
    import lightgbm

    return (
        lambda: lightgbm.LGBMClassifier(verbose=-1, n_jobs=1),
        lambda: lightgbm.LGBMRegressor(verbose=-1, n_jobs=1),
    )


def last_period(days: pd.DataFrame, cutoff: int, horizon: int):
    """Everyone does again what they did in the last period of the same length."""
    customers = np.unique(days["customer"])
    again = outcomes(days, cutoff - horizon, horizon).reindex(customers).fillna(0.0)
    return again["orders"], again["spend"], (again["orders"] == 0).astype(float)


def everyone_alike(days: pd.DataFrame, cutoff: int, horizon: int):
    """The mean customer of the last period, for everyone."""
    orders, spend, risk = last_period(days, cutoff, horizon)
    return tuple(np.full(len(orders), part.mean()) for part in (orders, spend, risk))


PEERS = {
    "lifetimes-bgnbd": lifetimes_peer("BetaGeoFitter"),
    "lifetimes-mbgnbd": lifetimes_peer("ModifiedBetaGeoFitter"),
    "lifetimes-pareto": lifetimes_peer("ParetoNBDFitter"),
    "clvkit-bgnbd": clvkit_peer("BGNBD"),
    "clvkit-mbgnbd": clvkit_peer("MBGNBD"),
    "pymc-bgnbd": pymc_peer("BetaGeoModel"),
    "pymc-mbgnbd": pymc_peer("ModifiedBetaGeoModel"),
    "pymc-pareto": pymc_peer("ParetoNBDModel"),
    "hgb-two-part": boosting_peer("sklearn"),
    "lgbm-two-part": boosting_peer("lightgbm"),
    "naive-lastperiod": last_period,
    "naive-mean": everyone_alike,
}

if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
