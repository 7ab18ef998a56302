"""A segment, a group, a move and a split, as the documentation shows them."""

from typing import Any

from pydantic.config import JsonDict

SEGMENT: JsonDict = {
    "id": "high_value_repeat",
    "name": "Loyal High Spenders",
    "description": "Ordered on at least nine days, last order within 90 days, "
    "top twentieth by value.",
    "level": 2,
    "parent_id": "active_repeat",
    "is_group": False,
    "customer_count": 1247,
    "avg_ltv": 3200.00,
    "median_ltv": 2410.50,
    "largest_ltv_share": 0.017,
    "ltv_carried_by_one": False,
    "churn_risk_avg": 0.08,
    "avg_confidence": 0.94,
    "share_of_customers": 0.052,
    "share_of_revenue": 0.31,
    "characteristics": {
        "recency_days": 15,
        "frequency": 12,
        "monetary_avg": 266.67,
    },
    "shop": {"recency_days": 94, "frequency": 2, "monetary_avg": 58.20},
    "rule": {
        "least_order_days": 9,
        "recency_from_days": None,
        "recency_to_days": 90,
        "value_from": 0.95,
        "value_to": None,
        "precision": 0.91,
        "recall": 0.97,
        "sentence": "Ordered on at least nine days, last order within 90 days, "
        "top twentieth by value.",
    },
    "nearest": {
        "id": "regular_repeat",
        "name": "Active Regulars",
        "apart": [{"characteristic": "frequency", "here": 12, "there": 4}],
        "sentence": "Unlike Active Regulars: 12 instead of 4 orders.",
    },
}


GROUP: JsonDict = {
    **SEGMENT,
    "id": "active_repeat",
    "name": "Active Repeat Buyers",
    "description": "Ordered on at least two days, last order within 90 days.",
    "level": 1,
    "parent_id": None,
    "is_group": True,
    "customer_count": 4202,
    "nearest": None,
}


LINEAGE: JsonDict = {
    "segment_id": "regular_repeat_upper",
    "event": "split",
    "relatives": {"regular_repeat": 0.97},
    "happened_at": "2011-12-10T02:00:41Z",
    "run_id": "5f0c2a9be1d34c77",
}


MOVE: JsonDict = {
    "id": 48211,
    "customer_id": "12345",
    "from_segment_id": "regular_repeat",
    "to_segment_id": "high_value_repeat",
    "changed_at": "2011-12-10T02:00:41Z",
    "run_id": "5f0c2a9be1d34c77",
    "cause": "behaviour",
}

MOVE_COUNT: JsonDict = {
    "from_segment_id": "regular_repeat",
    "to_segment_id": "high_value_repeat",
    "cause": "behaviour",
    "customers": 37,
}

PRODUCT: JsonDict = {
    "product_id": "22423",
    "product_title": "REGENCY CAKESTAND 3 TIER",
    "purchase_count": 164,
    "customers": 121,
    "units": 702,
    "avg_price": 11.86,
    "lift": 2.31,
}

DETAIL: JsonDict = {
    **SEGMENT,
    "historical_revenue": 2650120.40,
    "expected_revenue": 1340210.15,
    "revenue_at_risk": 120340.90,
    "came_from": [{"segment_id": "regular_repeat", "customers": 37}],
    "went_to": [{"segment_id": None, "customers": 2}],
    "run_id": "5f0c2a9be1d34c77",
    "as_of": "2011-12-10T00:00:00Z",
}

SEGMENT_IN_RUN: JsonDict = {
    "segment_id": "high_value_repeat",
    "name": "Loyal High Spenders",
    "is_group": False,
    "customer_count": 1247,
    "churn_risk_avg": 0.08,
    "historical_revenue": 2650120.40,
    "expected_revenue": 1340210.15,
    "revenue_at_risk": 120340.90,
    "currency": "GBP",
    "run_id": "5f0c2a9be1d34c77",
    "as_of": "2011-12-10T00:00:00Z",
    "published_at": "2011-12-10T02:00:40Z",
    "prediction_days": 365,
    "churn_days": 180,
}

SEGMENT_EXAMPLE: dict[str, Any] = {
    "description": "The segment as it is called now",
    "content": {"application/json": {"example": SEGMENT}},
}

DETAIL_EXAMPLE: dict[str, Any] = {
    "description": "The segment or group",
    "content": {"application/json": {"example": DETAIL}},
}
