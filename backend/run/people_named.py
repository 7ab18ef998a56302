"""Who the customers are that a webhook is told of, where it was made to be told that."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from backend.core.customer_id import CustomerId
from backend.core.errors import BackendError
from backend.database.bounds import hurried
from backend.database.engine import opened
from backend.database.sqlite_files import opening_of_shop
from backend.run.run_config import RunConfig
from backend.shop.asking import asked
from backend.shop.customers import Customer, get_customers
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop
from backend.store.told_people import PeopleTold
from backend.webhooks.webhook_bodies import DeparturesTold, PersonTold

SHOP_SECONDS = 5.0


class PeopleUnknown(Exception):
    """The shop does not tell who the customers are."""


async def with_people(told: PeopleTold, config: RunConfig) -> PeopleTold:
    """Add who they are; of who left nobody says that any more.

    Raises
    ------
    PeopleUnknown
        When the shop does not tell.
    """
    if isinstance(told, DeparturesTold):
        return told
    known = await _people(config, [CustomerId(one.customer_id) for one in told.customers])
    named = [replace(one, person=_person(known, one.customer_id)) for one in told.customers]
    return replace(told, customers=cast(Any, tuple(named)))


async def _people(
    config: RunConfig, customer_ids: Sequence[CustomerId]
) -> Mapping[CustomerId, Customer]:
    opening = opening_of_shop(config.shop_url, config.intelligence_url)
    bounds = hurried(SHOP_SECONDS)
    try:
        shop = Shop(load_mapping(config.shop_variables))
        find = partial(get_customers, shop=shop, customer_ids=customer_ids)
        async with opened(config.shop_url, pool_size=1, bounds=bounds, opening=opening) as engine:
            return await asked(engine, shop, find)
    except BackendError as error:
        raise PeopleUnknown from error


def _person(known: Mapping[CustomerId, Customer], customer_id: str) -> PersonTold | None:
    found = known.get(CustomerId(customer_id))
    if found is None:
        return None
    return PersonTold(email=found.email, first_name=found.first_name, last_name=found.last_name)
