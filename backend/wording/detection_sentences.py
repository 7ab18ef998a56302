"""What a database looks like, as lines for a `.env` and sentences with the evidence."""

from collections.abc import Iterator

from backend.results.detection import Detection, FittingPreset

MOST_NAMED = 6


def detection_in_words(found: Detection) -> Iterator[str]:
    """Say which preset fits, with the variables that read this database by it."""
    if not found.fitting:
        yield (
            "No preset fits: none of the platforms' tables are here, or this user may not read "
            "them. Other tables are named by CUSTOMERS_TABLE and its like."
        )
    if len(found.fitting) > 1:
        yield "Several presets fit; the one that is meant is to be set."
    for one in found.fitting:
        yield ""
        yield from _evidence(one)
        yield from (f"{variable}={value}" for variable, value in one.settings.items())


def _evidence(one: FittingPreset) -> Iterator[str]:
    variant = f", {one.variant}" if one.variant else ""
    more = "" if len(one.tables) <= MOST_NAMED else f" and {len(one.tables) - MOST_NAMED} more"
    yield (
        f"# {one.platform}{variant}: {one.customers:,} customers and {one.orders:,} orders in "
        f"{', '.join(one.tables[:MOST_NAMED])}{more}."
    )
    if len(one.currencies) > 1:
        counts = ", ".join(f"{code or 'none'} ({n:,})" for code, n in one.currencies.items())
        yield f"# Orders are in several currencies, {counts}: one of them counts."
    if one.zone_is_asked:
        yield "# Its times name no zone: SHOP_TIME_ZONE is to be set, such as Europe/Berlin."
