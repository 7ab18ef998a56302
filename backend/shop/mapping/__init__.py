"""The shop mapping: which of the shop's tables, columns and statuses mean what."""

from backend.shop.mapping.layers import load_mapping, preset_names
from backend.shop.mapping.mapping import LogicalName, LogicalTable, ShopMapping

__all__ = ["LogicalName", "LogicalTable", "ShopMapping", "load_mapping", "preset_names"]
