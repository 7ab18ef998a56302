"""A shop of any size, invented: customers who join, buy at their own rate, and leave."""

from __future__ import annotations

import numpy as np

from backend.behaviour.history import OrderHistory

START = np.datetime64("2022-01-01", "us")
HISTORY_DAYS = 730


def invent_shop(customer_count: int, seed: int = 0) -> OrderHistory:
    """Return two years of orders, some 3.5 per customer, with a yearly season.

    Rates of buying and leaving are gamma-distributed over customers (Pareto/NBD), spend is
    log-normal around a customer's own mean; a tenth of December's orders come on top.
    """
    rng = np.random.default_rng(seed)
    joined = rng.uniform(0, HISTORY_DAYS, customer_count)
    stays = rng.exponential(1 / rng.gamma(0.7, 1 / 200.0, customer_count).clip(1e-6))
    seen = np.minimum(stays, HISTORY_DAYS - joined)
    repeats = rng.poisson(rng.gamma(0.7, 1 / 60.0, customer_count) * seen)
    repeats = np.minimum(repeats, 400)
    customer = np.repeat(np.arange(customer_count), repeats)
    at = joined[customer] + rng.uniform(0, 1, len(customer)) * seen[customer]
    customer = np.concatenate([np.arange(customer_count), customer])
    at = np.concatenate([joined, at])
    mean_log_spend = rng.normal(3.5, 0.6, customer_count)
    amount = np.exp(rng.normal(mean_log_spend[customer], 0.5)).round(2).clip(0.01)
    return OrderHistory.from_orders(
        customer,
        START + (at * 86400e6).astype("timedelta64[us]"),
        amount,
        customer_count=customer_count,
        as_of=START + np.timedelta64(HISTORY_DAYS, "D"),
    )
