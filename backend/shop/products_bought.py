"""What some of the shop's customers buy, beside what all of them do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Select,
    String,
    Subquery,
    case,
    cast,
    func,
    not_,
    null,
    select,
)

from backend.database.async_engines import AsyncConnection
from backend.database.expressions import (
    amount_micros,
    as_text,
    exact,
    identifier,
    kept_apart,
    same_id,
)
from backend.database.kinds import Kind
from backend.shop.counted import counted_before, created_before
from backend.shop.refusals import refusals_named
from backend.shop.shop import Shop, Source


@dataclass(frozen=True, slots=True)
class Members:
    """Some customers, as a table of their ids that the shop's database can join.

    Attributes
    ----------
    ids
        Has the column `customer_id`, each once.
    kind
        What it holds: integers or text.
    """

    ids: FromClause
    kind: Kind


@dataclass(frozen=True, slots=True)
class ProductBought:
    """One product.

    Attributes
    ----------
    product_id, title
        As the shop has them; the title that comes last by the alphabet where it had several.
    lines
        Order lines of the members with it.
    buyers
        Members who bought it.
    shop_buyers
        Customers of the shop who did, members included.
    units
        Pieces that members bought; None where the shop does not say.
    average_price
        Mean of what members' lines say of its price; None where they do not.
    """

    product_id: str | None
    title: str | None
    lines: int
    buyers: int
    shop_buyers: int
    units: float | None
    average_price: Decimal | None


@dataclass(frozen=True, slots=True)
class ProductsBought:
    """What members bought, most bought first, and how many bought anything.

    Attributes
    ----------
    products
        Those that most order lines of members have.
    buyers, shop_buyers
        Members, and customers of the shop, with an order line in that time.
    """

    products: Sequence[ProductBought]
    buyers: int
    shop_buyers: int


async def read_products(
    connection: AsyncConnection,
    shop: Shop,
    members: Members,
    *,
    since: datetime,
    until: datetime,
    limit: int,
) -> ProductsBought | None:
    """Count what members bought by counted orders within a time.

    Parameters
    ----------
    connection
        Within a `snapshot` of the shop.
    shop
        Where its tables are.
    members
        Whose orders.
    since, until
        Aware; orders from `since` on and before `until`.
    limit
        At most so many products.

    Returns
    -------
    None when the shop has no order lines.

    Raises
    ------
    InvalidMapping
        When a table or column that the mapping names does not exist, or cannot be read.
    """
    lines = await shop.line_items(connection)
    if lines is None:
        return None
    orders = await shop.orders(connection)
    bought = _bought(connection.dialect.name, shop, orders, lines, members, since, until)
    with refusals_named("line_items"):
        products = await connection.execute(_by_product(bought).limit(limit))
        buyers = await connection.execute(
            select(func.count(bought.c.member.distinct()), func.count(bought.c.customer.distinct()))
        )
    return ProductsBought([_product(row) for row in products], *buyers.one())


def _bought(
    dialect: str,
    shop: Shop,
    orders: Source,
    lines: Source,
    members: Members,
    since: datetime,
    until: datetime,
) -> Subquery:
    """Select one row per order line, with its customer, and once more where that is a member."""
    line, counted = lines.clause.c, _counted(dialect, shop, orders, members, since, until)
    of_order = same_id(
        dialect, line.order_id, lines.kinds["order_id"], counted.c.id, orders.kinds["id"]
    )
    return (
        select(
            counted.c.customer,
            counted.c.member,
            _text(dialect, lines, "product_id").label("product_id"),
            line.product_title.label("title"),
            line.quantity.label("units"),
            _price(dialect, shop, lines).label("price"),
        )
        .select_from(lines.clause.join(counted, of_order))
        .subquery("bought")
    )


def _counted(
    dialect: str,
    shop: Shop,
    orders: Source,
    members: Members,
    since: datetime,
    until: datetime,
) -> Subquery:
    """Select the counted orders of a time, with their customers, and again who is a member.

    SQLite would look anew for each line whether its order counts: 6.2 s for 540,000 lines and both
    statements. Kept apart, it looks once for each order: 0.9 s.
    """
    order, kinds = orders.clause.c, orders.kinds
    customer = exact(
        dialect, identifier(dialect, order.customer_id, kinds["customer_id"]), kinds["customer_id"]
    )
    is_member = same_id(
        dialect, order.customer_id, kinds["customer_id"], members.ids.c.customer_id, members.kind
    )
    found = (
        select(
            order.id,
            customer.label("customer"),
            case((members.ids.c.customer_id.is_not(None), customer)).label("member"),
        )
        .select_from(orders.clause.outerjoin(members.ids, is_member))
        .where(
            counted_before(orders, shop.mapping, dialect, until),
            not_(created_before(orders, shop.mapping, dialect, since)),
        )
    )
    return kept_apart(dialect, found).subquery("counted")


def _text(dialect: str, lines: Source, name: str) -> ColumnElement[Any]:
    """Return an id of a line as text: it may be of any kind, or not there."""
    value = lines.clause.c[name]
    return as_text(dialect, value, lines.kinds[name]) if lines.has(name) else cast(null(), String())


def _price(dialect: str, shop: Shop, lines: Source) -> ColumnElement[Any]:
    """Return a line's price in millionths of the currency unit, as the shop has it."""
    table = shop.mapping.line_items
    scale = 1 if table is None else table.scale
    return amount_micros(dialect, lines.clause.c.price, lines.kinds["price"], scale, None)


def _by_product(bought: Subquery) -> Select[Any]:
    columns = bought.c
    is_member = columns.member.is_not(None)
    lines = func.count(columns.member)
    of_members = {
        "units": func.sum(case((is_member, cast(columns.units, Float())))),
        "price": func.avg(case((is_member, cast(columns.price, Float())))),
    }
    # A shop without product ids tells products by their titles.
    product = func.coalesce(columns.product_id, columns.title)
    return (
        select(
            func.max(columns.product_id).label("product_id"),
            func.max(columns.title).label("title"),
            lines.label("lines"),
            func.count(columns.member.distinct()).label("buyers"),
            func.count(columns.customer.distinct()).label("shop_buyers"),
            *(value.label(name) for name, value in of_members.items()),
        )
        .where(product.is_not(None))
        .group_by(product)
        .having(lines > 0)
        .order_by(lines.desc(), product)
    )


def _product(row: Any) -> ProductBought:
    price = None if row.price is None else round(Decimal(row.price).scaleb(-6), 2)
    return ProductBought(
        product_id=None if row.product_id is None else str(row.product_id),
        title=row.title,
        lines=row.lines,
        buyers=row.buyers,
        shop_buyers=row.shop_buyers,
        units=None if row.units is None else float(row.units),
        average_price=price,
    )
