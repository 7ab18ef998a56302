"""The ground floor of all SQL: engines, transactions, columns in bulk, what dialects differ in."""
