"""The shop's orders and order lines, read in bulk into columns."""

from backend.data.orders.baskets import BasketColumns, read_baskets
from backend.data.orders.reading import UNKNOWN, ShopColumns, places_of, read_shop

__all__ = ["UNKNOWN", "BasketColumns", "ShopColumns", "places_of", "read_baskets", "read_shop"]
