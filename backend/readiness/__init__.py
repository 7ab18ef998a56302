"""What in a shop's data would spoil the results, told before the first run and with every run."""
