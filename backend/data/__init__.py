"""The only home of SQL: the shop's tables are read, ours are migrated."""
