"""What a shop tells of its orders as they are placed."""
