"""Formats of exports: how the lines of each become orders, lines and customers."""
