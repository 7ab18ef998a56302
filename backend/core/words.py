"""Words that mean the same thing in the database, in the mathematics and over HTTP."""

NO_ORDERS = "no_orders"
"""Status of a customer without a counted order, and the segment of all of them."""
