"""Who is held out: the same whoever draws, wherever, as often as it is drawn.

Customers are sorted by stratum, and inside of it by a salted hash of their id. Walking along them,
one is held out each time that the share passes a whole number (systematic sampling). So the whole,
every stratum, and every run of neighbouring strata give their share to within one customer, and
everybody's chance is the share itself.

References
----------
.. [1] Cochran (1977), Sampling Techniques, 3rd edition, chapter 8: systematic sampling; here inside
   of a random order, where it is stratified sampling with the fractions dealt out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from backend.campaigns.strata import strata_of
from backend.core.arrays import BoolArray, FloatArray, IntArray

KEY_BYTES, HASH_BYTES = 64, 8


@dataclass(frozen=True, slots=True)
class HoldoutDraw:
    """What is stored of a draw, arrays of shape (customers,) in the order of the ids.

    Attributes
    ----------
    held_out
        True of who is held out, false of who is treated.
    strata
        What the draw was balanced by, numbered from 0; an answer needs it.
    """

    held_out: BoolArray
    strata: IntArray


def draw(
    customer_ids: Sequence[str],
    segments: Sequence[str | None],
    values: FloatArray,
    *,
    share: float,
    salt: str,
) -> HoldoutDraw:
    """Draw who is held out [1]_.

    Parameters
    ----------
    customer_ids
        Ids as text, each once, in any order: it has no say.
    segments
        Each customer's segment by id; None of who is in none.
    values
        Shape (customers,): what each is expected to spend, currency units; NaN counts as 0.
    share
        Of customers that are held out, in (0, 1).
    salt
        Of this campaign alone, so that its draw has nothing to do with another's.
    """
    strata = strata_of(segments, values, share)
    key = blake2b(salt.encode(), digest_size=KEY_BYTES).digest()
    hashes = _hashes(customer_ids, key)
    return HoldoutDraw(held_out_by(hashes, strata, share=share, start=_start(key)), strata)


def held_out_by(hashes: IntArray, strata: IntArray, *, share: float, start: float) -> BoolArray:
    """Walk along customers and hold the share of them out.

    Parameters
    ----------
    hashes, strata
        Shape (customers,): a random number, and the stratum, of each.
    share
        Of customers that are held out, in (0, 1).
    start
        How much of the first one is passed already, random in [0, 1).
    """
    order = np.lexsort((hashes, strata))
    passed = np.floor(np.arange(len(order) + 1) * share + start)
    drawn = np.empty(len(order), dtype=np.bool_)
    drawn[order] = np.diff(passed) > 0
    return drawn


def _hashes(customer_ids: Sequence[str], key: bytes) -> IntArray:
    """Return numbers evenly spread over 64 bits, which say nothing to who lacks the salt."""
    digests = (
        blake2b(one.encode(), key=key, digest_size=HASH_BYTES).digest() for one in customer_ids
    )
    return np.frombuffer(b"".join(digests), dtype=">i8").astype(np.int64)


def _start(key: bytes) -> float:
    """Return where the walk begins: by the salt, so that nobody chooses it."""
    return int.from_bytes(blake2b(key=key, digest_size=6).digest()) / 2.0**48
