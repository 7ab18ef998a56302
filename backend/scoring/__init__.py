"""Customers scored by what a run has learnt: by the run all of them, between runs any of them."""
