"""A run in parts: over processes of this machine, or over machines that a scheduler knows."""
