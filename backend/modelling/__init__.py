"""The only home of mathematics: pure functions, arrays in, frozen dataclasses out."""
