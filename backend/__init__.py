"""The Intelligence Backend: a shop's database in; segments, value and churn out over HTTP."""

import gc

__version__ = "11.0"
# What the integration guide promises, and `/health` and the description of the API say.
API_VERSION = "10.0"

# What imports make stays: looking among it for garbage after every 700 objects took a sixth of a
# start. It is looked for after 10,000.
gc.set_threshold(10_000, 50, 100)
