"""A campaign, as the documentation shows one."""

from pydantic.config import JsonDict

from backend.api.customers.example import PROFILE
from backend.core.errors import FormatOfTheFuture

WANTED: JsonDict = {
    "name": "Spring letter to who is slipping away",
    "filter": {"segment": ["slipping_light"], "min_churn_risk": 0.4},
    "holdout_share": 0.2,
    "window_days": 30,
    "goal": "spend",
    "cost": 450.0,
}
PROMISE: JsonDict = {
    "audience": {"treated": 1600, "held_out": 400},
    "usual_buying_share": 0.19,
    "usual_spend": 21.4,
    "spend_limit": 412.5,
    "smallest_buyers_effect": 0.064,
    "smallest_spend_effect": 9.8,
    "smallest_adjusted_spend_effect": 8.9,
    "customers_for_buyers": 84200,
    "customers_for_spend": 121000,
    "customers_for_adjusted_spend": 99800,
}
CAMPAIGN: JsonDict = {
    "id": "8c1f02d95b7e4a36",
    "name": WANTED["name"],
    "state": "running",
    "filter": WANTED["filter"],
    "holdout_share": 0.2,
    "window_days": 30,
    "goal": "spend",
    "cost": 450.0,
    "created_at": "2011-12-10T08:12:00Z",
    "promise": PROMISE,
    "already_held_out": 12,
    "drawn": {
        "started_at": "2011-12-10T08:15:00Z",
        "run_id": "5f0c2a9be1d34c77",
        "arms": PROMISE["audience"],
        "spend_limit": 412.5,
    },
    "closes_at": "2012-01-09T08:15:00Z",
    "window_is_cut": False,
    "settles_at": "2012-01-23T08:15:00Z",
    "ended_at": None,
    "letting_go_since": None,
    "answers": [],
    "sentences": ["Of 2,000 customers 1,600 are to be reached and 400 are not."],
}
UNREADABLE: JsonDict = {
    "id": "5b2e11a90c7d4f38",
    "name": "Autumn letter",
    "why": str(FormatOfTheFuture("answer of a campaign", "2", 1)),
}
CAMPAIGNS: JsonDict = {"campaigns": [CAMPAIGN], "unreadable": [], "next_cursor": None}
TREATED: JsonDict = {
    "customers": [PROFILE],
    "total": 1598,
    "held_out": 0,
    "missing": 2,
    "next_cursor": "WyI4YzFmMDJkOTViN2U0YTM2Iixb…",
    "run_id": PROFILE["run_id"],
    "as_of": PROFILE["as_of"],
}
