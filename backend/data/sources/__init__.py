"""The shop mapping: which of the shop's tables, columns and statuses mean what."""

from backend.data.sources.kinds import Kind
from backend.data.sources.loading import load_mapping, preset_names
from backend.data.sources.mapping import LogicalName, LogicalTable, ShopMapping
from backend.data.sources.shop import Shop, Source

__all__ = [
    "Kind",
    "LogicalName",
    "LogicalTable",
    "Shop",
    "ShopMapping",
    "Source",
    "load_mapping",
    "preset_names",
]
