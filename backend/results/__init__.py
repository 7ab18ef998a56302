"""What crosses walls and is stored: typed, frozen, documented; imports nothing that computes it."""
