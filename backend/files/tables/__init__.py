"""Files as tables: text in any encoding, Parquet, workbooks; each read again from its start."""
