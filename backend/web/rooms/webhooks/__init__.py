"""Webhooks: who is told what happens, how that goes, and what those who administer do about it."""
