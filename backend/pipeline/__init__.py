"""Work of several steps: the run, and the loop that runs it."""
