"""What a customer will do: numbers, and why these numbers. What learns them is in `learn`."""
