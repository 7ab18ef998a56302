"""A platform's database in which everything that can happen has happened."""

from tests.presets.databases_of_platforms import load
from tests.presets.events import happened
from tests.presets.platform import Platform


async def filled(url: str, platform: Platform) -> None:
    """Make the platform's tables, each in another collation where there are any, and fill them."""
    collation = "mixed" if platform.database == "mysql" else None
    await load(url, platform, platform.write(happened(platform.holds)), collation)
