"""Campaigns: lists that are acted on with a part held out, and what that brought."""
