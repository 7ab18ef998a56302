"""Scripts that fill the guide's shop tables from elsewhere; nothing in the service needs them."""

import os

# dlt reports its use to its makers unless told not to, and asks for this when it is imported.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
