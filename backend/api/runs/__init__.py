"""Runs: start them, follow them, read what they found."""
