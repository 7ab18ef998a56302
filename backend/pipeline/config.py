"""What a run is told, in one value that crosses to the process that does the work."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.clients.naming import NamingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything a run needs of the configuration. What holds a secret is left out of its repr."""

    shop_url: str = field(repr=False)
    intelligence_url: str = field(repr=False)
    pool_size: int
    shop_variables: Mapping[str, str]
    prediction_horizon_days: int
    churn_horizon_days: int
    dynamic_k_range: bool
    robust_scaling: bool
    history_retention_days: int
    naming: NamingConfig | None = field(repr=False)
    log_level: str
