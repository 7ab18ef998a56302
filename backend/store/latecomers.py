"""Who ordered after a run had read the shop, put into what it publishes.

Their rows are of later than the run: it would else take back what was served of them, or leave out
an order that somebody was told is counted.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.core.arrays import IntArray
from backend.core.customer_id import UNKNOWN, CustomerId, CustomerIds, as_text
from backend.core.glossary import Cause
from backend.core.typed_cells import instant64
from backend.database.engine import AsyncConnection
from backend.scoring.rescored import Rescored
from backend.store.order_events import Rescoring
from backend.store.publication import Publication, SegmentMoves
from backend.store.runs import Published
from backend.store.segment_counts import Moved
from backend.store.served_rows import moves_between, read_served_rows
from backend.store.tombstones import erased_among


@dataclass(frozen=True, slots=True, kw_only=True)
class Latecomers:
    """Who ordered since a run read the shop, scored by its model.

    Attributes
    ----------
    asked_for
        Because of what they were.
    rescored
        Each of them once, scored as of one instant or another.
    served
        The run that is served until now; None before the first.
    """

    asked_for: Sequence[Rescoring] = ()
    rescored: Sequence[Rescored] = ()
    served: Published | None = None


CatchUp = Callable[[AsyncConnection], Awaitable[Latecomers]]
"""Looks who they are, in the transaction that publishes."""


async def nobody_late(_connection: AsyncConnection) -> Latecomers:
    """Say that nobody ordered meanwhile."""
    return Latecomers()


async def with_latecomers(
    connection: AsyncConnection, publication: Publication, late: Latecomers
) -> Publication:
    """Put latecomers' numbers in the place of those that the run found; who is erased stays so.

    Parameters
    ----------
    connection
        In the transaction that publishes, ahead of its changing anybody's row.
    publication
        What the run found.
    late
        Who they are.
    """
    for rescored in late.rescored:
        news = await _known(connection, publication, rescored)
        moved = await _moved(connection, late.served, news)
        publication = _joined(publication, news, moved)
    return publication


async def _known(
    connection: AsyncConnection, publication: Publication, rescored: Rescored
) -> Rescored:
    """Leave out who is erased; give the others' ids the type that the run's have."""
    texts = as_text(rescored.customers.customer_id).tolist()
    ids, kind = [CustomerId(one) for one in texts], publication.customer_id_type
    erased = await erased_among(connection, publication.erasures.marker, ids)
    stored = [None if one in erased else one.stored_as(kind) for one in ids]
    news = rescored.rows(np.array([one is not None for one in stored], dtype=bool))
    typed = np.array(
        [one for one in stored if one is not None], dtype=np.int64 if kind == "integer" else object
    )
    return replace(news, customers=replace(news.customers, customer_id=typed))


async def _moved(connection: AsyncConnection, served: Published | None, news: Rescored) -> Moved:
    """Return who will be elsewhere than they are served to be until now."""
    if served is not None:
        before = await read_served_rows(connection, served, news.customers.customer_id)
        return moves_between(news, before)
    ids = as_text(news.customers.customer_id).tolist()
    return {one: (None, now) for one, now in zip(ids, news.segment_ids.tolist(), strict=True)}


def _joined(publication: Publication, news: Rescored, moved: Moved) -> Publication:
    """Put customers into a publication, in the place of what it says of them."""
    ids = news.customers.customer_id
    place = CustomerIds(publication.customers.customer_id).places_of(ids)
    called = _with_labels_of(publication, news)
    counted = called.counted_moved(_between(publication, place, news))
    left = {*as_text(ids).tolist()}
    gone = {one: why for one, why in publication.departures.items() if one not in left}
    moves = _with_moves(publication.moves, ids, moved)
    return replace(_with_rows(counted, place, news), moves=moves, departures=gone)


def _with_labels_of(publication: Publication, news: Rescored) -> Publication:
    """Let it name the segments too that the run had found nobody in."""
    known = {one.id for one in publication.labels}
    more = [one for one in news.segments if one.id not in known]
    return replace(publication, other_labels=(*publication.other_labels, *more))


def _between(
    publication: Publication, place: IntArray, news: Rescored
) -> list[tuple[str | None, str]]:
    """Return where the run had put each of them, and where they are."""
    labels, segment = publication.labels, publication.customers.segment
    said = [None if at == UNKNOWN else labels[segment[at]].id for at in place.tolist()]
    return [*zip(said, news.segment_ids.tolist(), strict=True)]


def _with_rows(publication: Publication, place: IntArray, news: Rescored) -> Publication:
    where = {one.id: at for at, one in enumerate(publication.labels)}
    segment = np.array([where[one] for one in news.segment_ids.tolist()], dtype=np.int64)
    kept = np.ones(len(publication.customers.customer_id), dtype=bool)
    kept[place[place != UNKNOWN]] = False
    theirs = replace(news.customers, segment=segment)
    customers = publication.customers.rows(kept).joined(theirs)
    later = np.full(len(segment), instant64(news.as_of))
    as_of = np.concatenate([publication.each_as_of[kept], later])
    order = np.argsort(customers.customer_id, kind="stable")
    return replace(publication, customers=customers.rows(order), row_as_of=as_of[order])


def _with_moves(moves: SegmentMoves, ids: NDArray[Any], moved: Moved) -> SegmentMoves:
    """Say of these customers where they are, instead of where the run had found them."""
    stays = np.isin(as_text(moves.customer_id).astype(str), as_text(ids).astype(str), invert=True)
    place = {one: at for at, one in enumerate(as_text(ids).tolist())}
    return moves.rows(stays).joined(
        SegmentMoves(
            customer_id=ids[[place[one] for one in moved]],
            from_segment_id=_texts(was for was, _ in moved.values()),
            to_segment_id=_texts(now for _, now in moved.values()),
            cause=_texts(Cause.BEHAVIOUR for _ in moved),
        )
    )


def _texts(values: Iterable[str | None]) -> NDArray[Any]:
    listed = [*values]
    texts = np.empty(len(listed), dtype=object)
    texts[:] = listed
    return texts
