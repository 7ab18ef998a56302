"""Customers: who they are, and what the published run says of them."""
