"""Moves: who went from one segment to another, and why."""
