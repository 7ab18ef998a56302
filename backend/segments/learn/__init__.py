"""Segments that foretell what comes, under ids that keep their meaning."""
