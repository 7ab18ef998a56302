"""Shops that no server keeps: a DuckDB file, folders of Parquet and CSV; all read by DuckDB."""
