"""Campaigns: what each can show, who is to be reached, and what it brought."""
