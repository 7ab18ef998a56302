"""`python -m backend …`: everything an operator does from a terminal."""
