"""Segments of the published run, who moved between them, and what people call them."""
