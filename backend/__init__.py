"""The Intelligence Backend: a shop's database in; segments, value and churn out over HTTP."""

__version__ = "10.0"
