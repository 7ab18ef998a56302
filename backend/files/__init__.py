"""Files into the guide's own shop tables, for shops without a reachable database."""

from backend.files.load import ImportResult, import_files

__all__ = ["ImportResult", "import_files"]
