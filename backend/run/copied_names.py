"""The copy of e-mails and names, kept as the shop is where SEARCH_INDEX asks for it."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime

from backend.core.customer_id import CustomerIds
from backend.core.errors import BackendError
from backend.database.engine import AsyncEngine, snapshot
from backend.run.run_config import RunConfig
from backend.shop.customers import Customer
from backend.shop.mapping.layers import load_mapping
from backend.shop.search import all_customers, parts_of, wholes_of
from backend.shop.shop import Shop
from backend.shop.spelling import folded
from backend.store.publication import Publication
from backend.store.search_refresh import (
    CUSTOMERS_PER_PAGE,
    SoughtTexts,
    empty_search_copy,
    refresh_search_copy,
)

log = logging.getLogger(__name__)


async def keep_names_copied(
    config: RunConfig,
    shop_engine: AsyncEngine,
    engine: AsyncEngine,
    publication: Publication,
    now: datetime,
) -> None:
    """Copy what customers are found by, ahead of publishing; a failure is never worth a run.

    Parameters
    ----------
    config
        Says whether.
    shop_engine, engine
        The shop's database, and ours.
    publication
        Says whom; who is erased is left out.
    now
        Aware.
    """
    try:
        if config.search_index:
            await _refresh(
                shop_engine, engine, Shop(load_mapping(config.shop_variables)), publication, now
            )
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
    pages = sought_pages(shop_engine, shop)
    marker = publication.erasures.marker
    await refresh_search_copy(engine, pages, known, marker, now=now)


async def sought_pages(engine: AsyncEngine, shop: Shop) -> AsyncIterator[list[SoughtTexts]]:
    """Read what all of the shop's customers are found by, some at a time."""
    async with snapshot(engine) as connection:
        async for customers in all_customers(connection, shop, CUSTOMERS_PER_PAGE):
            yield [sought_texts(one) for one in customers]


def sought_texts(customer: Customer) -> SoughtTexts:
    """Return what a customer is found by."""
    return SoughtTexts(
        customer_id=customer.id,
        wholes=frozenset(map(folded, wholes_of(customer))),
        parts=frozenset(map(folded, parts_of(customer))),
    )
