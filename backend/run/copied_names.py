"""The copy of e-mails and names, kept as the shop is where SEARCH_INDEX asks for it."""

import logging
from datetime import datetime
from functools import partial

from backend.core.customer_id import CustomerIds
from backend.core.errors import BackendError
from backend.database.engine import AsyncEngine, snapshot
from backend.run.run_context import RunContext
from backend.shop.customers import Customer
from backend.shop.name_columns import NameColumns, read_name_columns
from backend.shop.search import parts_of, wholes_of
from backend.shop.shop import Shop
from backend.shop.spelling import folded
from backend.store.publication import Publication
from backend.store.search_emptied import empty_search_copy
from backend.store.search_refresh import SoughtBatch, SoughtTexts, Take, refresh_search_copy

log = logging.getLogger(__name__)


async def keep_names_copied(
    context: RunContext,
    shop_engine: AsyncEngine,
    engine: AsyncEngine,
    publication: Publication,
    now: datetime,
) -> None:
    """Copy what customers are found by, ahead of publishing; a failure is never worth a run.

    Parameters
    ----------
    context
        Says whether, and of which shop.
    shop_engine, engine
        The shop's database, and ours.
    publication
        Says whom; who is erased is left out.
    now
        Aware.
    """
    try:
        if context.config.search_index:
            await _refresh(shop_engine, engine, context.shop, publication, now)
        else:
            await empty_search_copy(engine)
    except BackendError as error:
        log.warning("the copy of names is as it was", extra={"reason": str(error)})


async def _refresh(
    shop_engine: AsyncEngine,
    engine: AsyncEngine,
    shop: Shop,
    publication: Publication,
    now: datetime,
) -> None:
    known = CustomerIds(publication.customers.customer_id)
    read = partial(read_sought, shop_engine, shop)
    await refresh_search_copy(engine, read, known, publication.erasures.marker, now=now)


async def read_sought(engine: AsyncEngine, shop: Shop, take: Take) -> None:
    """Hand over what all of the shop's customers are found by, some at a time."""

    async def take_columns(columns: NameColumns) -> None:
        await take(
            SoughtBatch(
                columns.customer_ids,
                columns.digests(),
                lambda place: sought_texts(columns.customer(place)),
            )
        )

    async with snapshot(engine) as connection:
        await read_name_columns(connection, shop, take_columns)


def sought_texts(customer: Customer) -> SoughtTexts:
    """Return what a customer is found by."""
    return SoughtTexts(
        customer_id=customer.id,
        wholes=frozenset(map(folded, wholes_of(customer))),
        parts=frozenset(map(folded, parts_of(customer))),
    )
