"""HTTP: routes, their schemas and the one mapping from errors to statuses."""
