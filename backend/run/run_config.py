"""What a run is told, in one value that crosses to the process that does the work."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything a run needs of the configuration. What holds a secret is left out of its repr."""

    shop_url: str = field(repr=False)
    intelligence_url: str = field(repr=False)
    statement_seconds: float = 0
    shop_variables: Mapping[str, str]
    prediction_horizon_days: int
    churn_horizon_days: int
    dynamic_k_range: bool
    robust_scaling: bool
    history_retention_days: int
    anthropic_api_key: str | None = field(repr=False)
    anthropic_model: str
    anthropic_base_url: str | None
    log_level: str

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON values, secrets included."""
        return asdict(self)
