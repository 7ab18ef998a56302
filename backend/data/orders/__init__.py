"""The shop's orders and order lines, read in bulk into columns."""

from backend.data.orders.baskets import BasketColumns, read_baskets
from backend.data.orders.reading import ShopColumns, read_shop

__all__ = ["BasketColumns", "ShopColumns", "read_baskets", "read_shop"]
