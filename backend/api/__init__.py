"""HTTP: routes, their schemas and the one mapping from errors to statuses."""

import sys

# The framework asks of every parameter whether it is a model of Pydantic 1, and imports all of that
# to know: a tenth of what it costs itself. It is asked in vain here, as on Pythons without it.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]
