"""The customers who …: lists in pages, as CSV, and by ids or e-mails given."""
