"""What a segment's customers buy, as a value. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.api.segments.schema import ProductList
from backend.wording import segments_room_sentences as words
from backend.wording.money import UNKNOWN, money


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """One product."""

    title: str
    customers: str
    units: str
    price: str
    lift: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductsPage:
    """All products that are shown, most bought first."""

    segment_id: str
    title: str
    described: str
    rows: Sequence[ProductRow]


def products_page(segment_id: str, name: str, bought: ProductList, days: int) -> ProductsPage:
    """Say what a segment's customers bought within so many days."""
    is_known = bought.buyers is not None and bought.products
    described = words.products_described(bought.buyers or 0) if is_known else words.NO_PRODUCTS
    return ProductsPage(
        segment_id=segment_id,
        title=words.products_of(name, days),
        described=described,
        rows=[
            ProductRow(
                title=one.product_title or one.product_id or words.UNNAMED_PRODUCT,
                customers=f"{one.customers:,}",
                units=UNKNOWN if one.units is None else f"{one.units:,.0f}",
                price=UNKNOWN if one.avg_price is None else money(one.avg_price, bought.currency),
                lift=words.lift(one.lift),
            )
            for one in bought.products
        ],
    )
