"""Customers: the lists of those who …, and each of them on a page."""
