"""What Today says, by mail after each run that is published."""
