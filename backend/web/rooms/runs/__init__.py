"""Runs: how far one is, what earlier ones found, and how to start and end them."""
