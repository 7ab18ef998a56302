"""The folder in which all processes of one session of tests find each other's files."""

from pathlib import Path

_folders: list[Path] = []


def folder_of_all() -> Path | None:
    """Return it; None where there is one process alone."""
    return _folders[0] if _folders else None


def share(folder: Path) -> None:
    """Take the folder that this process has been told."""
    _folders.append(folder)
