"""What may be absent or fail, each with a null object beside it."""
