"""A customer, as the documentation shows one."""

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
