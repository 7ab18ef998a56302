"""What both models start from: orders in order, purchase days, plain facts. Numpy only."""
