"""Today: what changed, what is expected, what is worth doing."""
