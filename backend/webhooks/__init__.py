"""Who is told what of what happened, in what batches, and when again; pure."""
