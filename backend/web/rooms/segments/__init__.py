"""Segments: all of them at one date beside another, and one with all that is to be said of it."""
