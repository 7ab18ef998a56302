"""WooCommerce: orders as posts or in tables of their own, and the analytics made of them."""

from collections.abc import Iterator
from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import (
    BIG,
    REGISTERED,
    Platform,
    Row,
    Tables,
    id_or_email,
    plain_id,
)

STORIES = (
    "cart",
    "unpaid",
    "failed",
    "paid",
    "shipped",
    "edited",
    "cancelled_unpaid",
    "cancelled_paid",
    "partly_refunded",
    "refunded_twice",
    "refunded",
    "marked_refunded",
    "deleted",
)
HOLDS = Holds(STORIES, "by_email", erased="nobody", traceless=("cart", "deleted"))
ANALYTICS_HOLD = Holds(STORIES, "own_row", erased="stays")
FORGOTTEN = "deleted@site.invalid"


def _status(order: Order) -> str:
    if order.has(Happening.DELETED):
        return "trash"
    if not order.is_placed:
        return order.any_of("auto-draft", "wc-checkout-draft")
    if order.cancelled:
        return "wc-cancelled"
    if order.gone_back:
        return "wc-refunded"
    if order.has(Happening.FAILED):
        return "wc-failed"
    if not order.paid:
        return order.any_of("wc-pending", "wc-on-hold")
    return "wc-completed" if order.has(Happening.SHIPPED) else "wc-processing"


def _refunds(order: Order) -> Iterator[tuple[int, Decimal]]:
    """Yield what went back; WooCommerce refunds the rest where an order is marked so."""
    amounts = order.amounts_of(Happening.REFUNDED) + order.amounts_of(Happening.MARKED_REFUNDED)
    for place, amount in enumerate(amounts, start=1):
        yield BIG * place + order.number, amount


def _email(order: Order) -> str:
    return FORGOTTEN if is_erased(order.person) else order.email


def _user(order: Order) -> int:
    return order.account_left or 0


def _people(shop: ShopEvents) -> Tables:
    accounts = shop.accounts_left
    return {
        "wp_users": [
            {
                "ID": person.number,
                "user_login": f"user{person.number}",
                "user_email": person.email,
                "user_registered": REGISTERED,
            }
            for person in accounts
        ],
        "wp_usermeta": [
            {"user_id": person.number, "meta_key": key, "meta_value": value}
            for person in accounts
            for key, value in (
                ("first_name", person.first_name),
                ("last_name", person.last_name),
                ("wp_capabilities", 'a:1:{s:8:"customer";b:1;}'),
            )
        ],
    }


def _items(shop: ShopEvents) -> Tables:
    tables: Tables = {"wp_woocommerce_order_items": [], "wp_woocommerce_order_itemmeta": []}
    for order in shop.orders:
        for place, (kind, metas) in enumerate(
            (
                ("line_item", {"_product_id": order.number % 9, "_qty": 2, "_line_total": 5}),
                ("shipping", {"cost": 5}),
            )
        ):
            item = BIG * place + order.number
            tables["wp_woocommerce_order_items"].append(
                {
                    "order_item_id": item,
                    "order_item_name": "Tee",
                    "order_item_type": kind,
                    "order_id": order.number,
                }
            )
            tables["wp_woocommerce_order_itemmeta"] += [
                {"order_item_id": item, "meta_key": key, "meta_value": str(value)}
                for key, value in metas.items()
            ]
    return tables


def write_hpos(shop: ShopEvents) -> Tables:
    """Write orders into wc_orders, beside placeholders among the posts."""
    tables: Tables = {
        **_people(shop),
        **_items(shop),
        "wp_wc_orders": [],
        "wp_wc_order_addresses": [],
        "wp_posts": [],
        "wp_options": [
            {"option_name": "woocommerce_custom_orders_table_enabled", "option_value": "yes"}
        ],
    }
    for order in shop.orders:
        row: Row = {
            "id": order.number,
            "status": _status(order),
            "currency": order.currency,
            "type": "shop_order",
            "total_amount": order.total,
            "customer_id": _user(order),
            "billing_email": _email(order),
            "date_created_gmt": order.naive,
            "parent_order_id": 0,
        }
        tables["wp_wc_orders"].append(row)
        for number, amount in _refunds(order):
            refund = {
                "id": number,
                "status": "wc-completed",
                "type": "shop_order_refund",
                "total_amount": -amount,
                "customer_id": None,
                "billing_email": None,
                "parent_order_id": order.number,
            }
            tables["wp_wc_orders"].append({**row, **refund})
        tables["wp_posts"].append(
            {"ID": order.number, "post_title": "", "post_type": "shop_order_placehold"}
        )
        if order.person is not None:
            tables["wp_wc_order_addresses"] += [
                {
                    "order_id": order.number,
                    "address_type": kind,
                    "first_name": one,
                    "last_name": other,
                }
                for kind, one, other in (
                    ("billing", order.person.first_name, order.person.last_name),
                    ("shipping", "Z", "Z"),
                )
            ]
    return {**tables, **_analytics(shop)}


def write_posts(shop: ShopEvents) -> Tables:
    """Write orders as posts; the tables of the newer storage are there, and empty."""
    tables: Tables = {**_people(shop), **_items(shop), "wp_posts": [], "wp_postmeta": []}
    for order in shop.orders:
        post: Row = {
            "ID": order.number,
            "post_date": order.naive,
            "post_date_gmt": order.naive,
            "post_title": "Order",
            "post_status": _status(order),
            "post_parent": 0,
            "post_type": "shop_order",
        }
        tables["wp_posts"].append(post)
        person = order.person
        metas = {
            "_customer_user": str(_user(order)),
            "_billing_email": _email(order),
            "_billing_first_name": person.first_name if person else "",
            "_billing_last_name": person.last_name if person else "",
            "_order_total": str(order.total),
            "_order_currency": order.currency,
            "_payment_method": "card",
        }
        tables["wp_postmeta"] += _metas(order.number, metas)
        for number, amount in _refunds(order):
            refund = {
                "ID": number,
                "post_type": "shop_order_refund",
                "post_status": "wc-completed",
                "post_parent": order.number,
            }
            tables["wp_posts"].append({**post, **refund})
            tables["wp_postmeta"] += _metas(
                number, {"_order_total": str(-amount), "_refund_amount": str(amount)}
            )
    return {**tables, **_analytics(shop)}


def _metas(post: int, metas: dict[str, str]) -> list[Row]:
    return [{"post_id": post, "meta_key": key, "meta_value": one} for key, one in metas.items()]


def _analytics(shop: ShopEvents) -> Tables:
    tables: Tables = {
        "wp_wc_customer_lookup": [_looked_up(person) for person in shop.people],
        "wp_wc_order_stats": [],
        "wp_wc_order_product_lookup": [],
    }
    for order in shop.orders:
        status = _status(order)
        row = {
            "order_id": order.number,
            "parent_id": 0,
            "date_created": order.naive,
            "date_created_gmt": order.naive,
            "total_sales": order.total,
            "status": status if status.startswith("wc-") else f"wc-{status}",
            "customer_id": order.person.number if order.person else 0,
        }
        tables["wp_wc_order_stats"].append(row)
        tables["wp_wc_order_stats"] += [
            {**row, "order_id": number, "parent_id": order.number, "total_sales": -amount}
            for number, amount in _refunds(order)
        ]
        tables["wp_wc_order_product_lookup"].append(
            {
                "order_item_id": order.number,
                "order_id": order.number,
                "product_id": order.number % 9,
                "variation_id": 0,
                "product_qty": 2,
                "product_net_revenue": 5,
            }
        )
    return tables


def _looked_up(person: Person) -> Row:
    forgotten = is_erased(person)
    return {
        "customer_id": person.number,
        "user_id": None if person.guest or forgotten else person.number,
        "first_name": "[deleted]" if forgotten else person.first_name,
        "last_name": "[deleted]" if forgotten else person.last_name,
        "email": FORGOTTEN if forgotten else person.email,
        "date_registered": None if person.guest else REGISTERED,
    }


def write_analytics(shop: ShopEvents) -> Tables:
    """Write the analytics alone, and the currencies that they are looked up by."""
    tables = {**write_posts(shop)}
    del tables["wp_users"], tables["wp_usermeta"]
    tables["wp_posts"] = []
    return tables


EUROS = {"CURRENCY": "EUR"}
PLATFORMS = {
    "woocommerce_hpos": Platform(
        "woocommerce_hpos",
        "mysql",
        "woocommerce",
        HOLDS,
        write_hpos,
        id_or_email,
        EUROS,
        zone_is_known=True,
    ),
    "woocommerce_posts": Platform(
        "woocommerce_posts",
        "mysql",
        "woocommerce",
        HOLDS,
        write_posts,
        id_or_email,
        EUROS,
        zone_is_known=True,
    ),
    "woocommerce": Platform(
        "woocommerce",
        "mysql",
        "woocommerce",
        ANALYTICS_HOLD,
        write_analytics,
        plain_id,
        EUROS,
        zone_is_known=True,
        without=("wp_users", "wp_usermeta", "wp_posts", "wp_wc_orders", "wp_wc_order_addresses"),
        lacking=frozenset({"wc_orders"}),
    ),
}
