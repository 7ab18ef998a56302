"""What URLs of databases begin with, and what is expected of them: a shop's may only be read."""

from backend.core.warehouse_urls import WAREHOUSES

OURS = ("postgresql", "postgres", "mysql", "mariadb", "sqlite")
SCHEMES = {"database_url": (*OURS, *WAREHOUSES), "intelligence_database_url": OURS}
URL_OF_OURS_EXPECTED = (
    "postgresql://user:password@host:5432/database, mysql://user:password@host:3306/database "
    "or sqlite:///path/to/file.db"
)
URL_OF_SHOP_EXPECTED = (
    f"{URL_OF_OURS_EXPECTED}, or to read duckdb:///path/to/file.duckdb or files:///path/to/folder"
)
