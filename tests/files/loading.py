"""Files loaded in this process."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from backend.database.engine import create_engine
from backend.files.load import import_files
from backend.files.survey import Asked
from backend.results.loaded_files import ImportSummary
from tests.shops import NAMES

UTC = ZoneInfo("UTC")


async def loaded(
    url: str,
    paths: Sequence[Path],
    folder: Path,
    asked: Asked | None = None,
    zone: ZoneInfo = UTC,
    *,
    accept_partial: bool = False,
) -> ImportSummary:
    """Import files as a command would, and return what it tells; rejects go into the folder."""
    engine = create_engine(url)
    try:
        return await import_files(
            engine,
            NAMES,
            paths,
            zone=zone,
            rejects=folder / "rejected.csv",
            asked=asked or Asked(),
            accept_partial=accept_partial,
        )
    finally:
        await engine.dispose()
