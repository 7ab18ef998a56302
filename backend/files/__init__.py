"""Files into the guide's own shop tables, and lists of customers into files."""
