"""What a segment's customers buy, beside what all customers of the shop do."""

from functools import partial

from backend import store
from backend.api.segments.details import customers_in
from backend.api.segments.schema import Product, ProductList
from backend.api.state import ApiState
from backend.core.local_times import days_before
from backend.database.engine import AsyncConnection, snapshot
from backend.database.failures import OURS
from backend.database.kinds import Kind
from backend.database.listed import listed
from backend.results.customer_filter import CustomerFilter
from backend.shop.asking import asked
from backend.shop.products_bought import Members, ProductBought, ProductsBought, read_products
from backend.store import runs
from backend.store.runs import Published

LIFT_PLACES = 3


async def products_of(state: ApiState, segment_id: str, *, days: int, limit: int) -> ProductList:
    """Return what a segment's or a group's customers bought in the days before `as_of`.

    Raises
    ------
    SegmentNotFound
        When the published run has none with this id.
    """
    async with snapshot(state.engine, OURS) as connection:
        published = await runs.published(connection)
        segment = (await store.read_segments(connection)).with_id(segment_id)
        assert published is not None  # segments are those of a published run
        members = await _members(state, connection, published, customers_in(segment))
    since = days_before(published.as_of, days)
    question = partial(
        read_products,
        shop=state.shop,
        members=members,
        since=since,
        until=published.as_of,
        limit=limit,
    )
    bought = await asked(state.shop_engine, state.shop, question)
    return ProductList(
        products=_with_lift(bought),
        buyers=bought and bought.buyers,
        currency=segment.currency,
        run_id=published.run_id,
        as_of=published.as_of,
    )


async def _members(
    state: ApiState, connection: AsyncConnection, published: Published, chosen: CustomerFilter
) -> Members:
    """Return a segment's customers as a table that the shop's database can join."""
    kind = Kind.INTEGER if published.customer_id_type == "integer" else Kind.TEXT
    if state.is_one_database:
        return Members(await store.members(connection, chosen), kind)
    ids = await store.read_members(connection, chosen)
    return Members(listed(state.shop_engine.dialect.name, ids), kind)


def _with_lift(bought: ProductsBought | None) -> list[Product]:
    if bought is None:
        return []
    return [
        Product(
            product_id=one.product_id,
            product_title=one.title,
            purchase_count=one.lines,
            customers=one.buyers,
            units=one.units,
            avg_price=one.average_price and float(one.average_price),
            lift=_lift(one, bought),
        )
        for one in bought.products
    ]


def _lift(one: ProductBought, bought: ProductsBought) -> float:
    """Return how much likelier a buyer of the segment bought it than a buyer of the shop."""
    here, everywhere = one.buyers / bought.buyers, one.shop_buyers / bought.shop_buyers
    return round(here / everywhere, LIFT_PLACES)
