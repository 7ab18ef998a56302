"""Pages for people at /app: rooms, the door that keys open, and what all of them are shown in."""
