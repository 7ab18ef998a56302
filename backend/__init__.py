"""The Intelligence Backend: a shop's database in; segments, value and churn out over HTTP."""

__version__ = "11.0"
# What the integration guide promises, and `/health` and the description of the API say.
API_VERSION = "10.0"
