"""What in a shop's data would spoil the results, told before the first run and with every run."""

from backend.data.readiness.check import Horizons, check_shop, examine
from backend.data.readiness.findings import Finding, Readiness

__all__ = ["Finding", "Horizons", "Readiness", "check_shop", "examine"]
