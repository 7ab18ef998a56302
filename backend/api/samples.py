"""Examples that the documentation shows, one of each thing."""

from pydantic.config import JsonDict

PROFILE: JsonDict = {
    "customer_id": "12345",
    "email": "customer@example.com",
    "first_name": "Ada",
    "last_name": "Example",
    "archetype": {
        "id": "high_value_repeat",
        "name": "Loyal High Spenders",
        "level": 2,
    },
    "ltv": 2450.00,
    "churn_risk": 0.12,
    "total_orders": 15,
    "avg_order_value": 163.33,
    "status": "scored",
    "historical_value": 2449.95,
    "predicted_value": 810.40,
    "predicted_value_low": 120.00,
    "predicted_value_high": 1640.00,
    "predicted_orders": 4.9,
    "predicted_orders_low": 1.0,
    "predicted_orders_high": 9.0,
    "next_order_p10": "2011-12-13T00:00:00Z",
    "next_order_p50": "2011-12-30T00:00:00Z",
    "next_order_p90": "2012-03-09T00:00:00Z",
    "recency_days": 12,
    "age_days": 371,
    "usual_gap_days": 26.5,
    "order_days": 14,
    "typical_order_value": 151.20,
    "cluster_confidence": 0.97,
    "run_id": "5f0c2a9be1d34c77",
    "as_of": "2011-12-10T00:00:00Z",
    "updated_at": "2011-12-10T02:00:41Z",
}

SEGMENT: JsonDict = {
    "id": "high_value_repeat",
    "name": "Loyal High Spenders",
    "description": "Ordered on at least nine days, last order within 90 days, "
    "top twentieth by value.",
    "level": 2,
    "parent_id": "active_repeat",
    "customer_count": 1247,
    "avg_ltv": 3200.00,
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

READINESS: JsonDict = {
    "ready": True,
    "findings": [
        {
            "code": "null_customer",
            "level": "warning",
            "sentence": "1,427 of 25,900 orders (5.5%) have no customer and count for nobody.",
            "facts": {"orders": 1427, "share": 0.0551},
        }
    ],
}

RUN: JsonDict = {
    "run_id": "5f0c2a9be1d34c77",
    "state": "running",
    "stage": "forecast",
    "share_done": 0.42,
    "counts": {"customers": 24000, "orders": 69659},
    "seconds": 11.3,
    "as_of": None,
    "queued_at": "2011-12-10T02:00:00Z",
    "started_at": "2011-12-10T02:00:01Z",
    "finished_at": None,
    "error": None,
    "published": False,
    "report_url": None,
    "report_page_url": None,
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
