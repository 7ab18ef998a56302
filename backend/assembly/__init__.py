"""What a process is made of, put together from the settings."""
