"""A run, from reading the shop to publishing, and the loop that runs what is queued."""
