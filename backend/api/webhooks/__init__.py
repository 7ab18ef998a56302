"""Webhooks: who is told what happens, and how that went."""
