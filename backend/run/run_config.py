"""What a run is told, in one value that crosses to the process that does the work."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything a run needs of the configuration. What holds a secret is left out of its repr.

    Attributes
    ----------
    run_processes
        How many fits are made at once, and how many processes of one machine predict.
    fit_customers
        With more customers, what the whole shop alone can tell is learnt from a sample of so many.
    partition_customers
        Customers of one part at most, where a run is spread over machines.
    dask_scheduler_address
        Where the machines are known that a run is spread over; None: it is done on this one.
    search_index
        Whether e-mails and names are copied to be searched.
    as_of
        The instant that customers are scored as of between runs, in ISO 8601; None: now.
    webhooks_allow_private
        Whether webhooks may go to other networks than the public internet.
    secrets
        What keys are derived from; the first makes new marks, all recognise.
    environment
        Variables of the process that does it, None for this one's. Others of its user may read
        them, so ours are not among them: what it needs it is told by its input.
    """

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
    run_seconds: int
    run_processes: int = 1
    fit_customers: int = 1_000_000
    partition_customers: int = 500_000
    dask_scheduler_address: str | None = None
    search_index: bool = False
    webhooks_allow_private: bool = False
    as_of: str | None = None
    secrets: Sequence[str] = field(default=(), repr=False)
    environment: Mapping[str, str] | None = field(default=None, repr=False)

    def instant(self, now: datetime) -> datetime:
        """Return what customers are scored as of between runs, at this time."""
        return now if self.as_of is None else datetime.fromisoformat(self.as_of)

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON values, secrets included."""
        return {name: value for name, value in asdict(self).items() if name != "environment"}
