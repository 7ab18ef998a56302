"""Times as a shop stores them become microseconds since 1970, UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from backend.core.instants import micros_of

MICROS = 1_000_000
SLOT = 15 * 60 * MICROS  # the clocks of every zone change at whole quarters of an hour
MISSING = np.iinfo(np.int64).min  # what numpy calls NaT
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (local clocks are counted from it)
FIRST = micros_of(datetime.min.replace(tzinfo=UTC))


def to_micros(values: "pa.Array[Any]", zone: ZoneInfo, *, aware: bool) -> NDArray[np.int64]:
    """Convert what the bulk reader delivers.

    Parameters
    ----------
    values
        Microseconds or timestamps, or ISO 8601 text.
    zone
        The zone of times that name none.
    aware
        Whether the numbers are UTC already.

    Returns
    -------
    (rows,) microseconds since 1970, UTC; `MISSING` where there is no readable time.
    """
    if pa.types.is_string(values.type):
        return _parsed(values.to_pylist(), zone)
    micros = values.cast(pa.int64()).fill_null(MISSING).to_numpy(zero_copy_only=False)
    return micros if aware else to_utc(micros, zone)


def dated(micros: NDArray[np.int64]) -> NDArray[np.int64]:
    """Take what lies before the first year that a date can have for no readable time."""
    return np.where(micros < FIRST, MISSING, micros)


def to_utc(local_micros: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Convert a zone's wall clock to UTC.

    An hour that the clock shows twice is its first pass; one it skips is read on with the offset
    from before.

    Returns
    -------
    (rows,) microseconds since 1970, UTC; `MISSING` stays.
    """
    if zone.key == "UTC" or not len(local_micros):
        return local_micros
    slots, inverse = np.unique(local_micros // SLOT, return_inverse=True)
    offsets = np.array([_offset_micros(int(slot) * SLOT, zone) for slot in slots], dtype=np.int64)
    return np.where(local_micros == MISSING, MISSING, local_micros - offsets[inverse])


def _offset_micros(local_micros: int, zone: ZoneInfo) -> int:
    try:
        local = EPOCH + timedelta(microseconds=local_micros)
    except OverflowError:
        return 0
    offset = local.replace(tzinfo=zone).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)


def _parsed(texts: Iterable[str | None], zone: ZoneInfo) -> NDArray[np.int64]:
    return np.fromiter((_parse(text, zone) for text in texts), dtype=np.int64)


def _parse(text: str | None, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat((text or "").strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return micros_of(aware)
    except (ValueError, OverflowError):
        return MISSING
