"""Rooms: each folder is one, with its reads, its page, its template; docs/pages.md says how."""
