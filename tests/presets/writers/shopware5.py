"""Shopware 5: aborted checkouts among the orders, numbered states, refunds that are a state."""

from tests.presets.events import Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables, plain_id

ABORTED, OPEN, COMPLETED, REJECTED, DELIVERED = -1, 0, 2, 4, 7
PART_PAID, PAID, UNPAID, RESERVED, CREDITED, CALLED_OFF = 11, 12, 17, 18, 20, 35
ORDER_STATES = {
    ABORTED: "cancelled",
    OPEN: "open",
    COMPLETED: "completed",
    REJECTED: "cancelled_rejected",
    DELIVERED: "completely_delivered",
}
PAYMENT_STATES = {
    PART_PAID: "partially_paid",
    PAID: "completely_paid",
    UNPAID: "open",
    RESERVED: "reserved",
    CREDITED: "re_crediting",
    CALLED_OFF: "the_process_has_been_cancelled",
}
PRODUCT, VOUCHER, SURCHARGE = 0, 2, 4
HOLDS = Holds(
    (
        "cart",
        "unpaid",
        "authorised",
        "failed",
        "paid",
        "shipped",
        "partly_paid",
        "edited",
        "cancelled_unpaid",
        "cancelled_paid",
        "marked_refunded",
    ),
    "repeated_rows",
    currencies="converted",
    erased="nobody",
)


def _order_state(order: Order) -> int:
    if not order.is_placed:
        return ABORTED
    if order.cancelled:
        return REJECTED
    return DELIVERED if order.has(Happening.SHIPPED) else order.any_of(OPEN, COMPLETED)


def _payment_state(order: Order) -> int:
    if order.has(Happening.MARKED_REFUNDED):
        return CREDITED
    if order.has(Happening.FAILED):
        return CALLED_OFF
    if order.has(Happening.AUTHORISED):
        return RESERVED
    if not order.paid:
        return UNPAID
    return PAID if order.paid == order.total else PART_PAID


def write(shop: ShopEvents) -> Tables:
    """Write a row of its own for who orders without logging in; a deleted account has none."""
    users = [_user(one, one.number) for one in shop.people if not is_erased(one)]
    orders: list[Row] = []
    for order in shop.orders:
        owner = order.person.number if order.person else None
        if order.person is not None and not is_erased(order.person) and order.number % 2 == 0:
            owner = BIG + order.number
            users.append(_user(order.person, owner))
        orders.append(_order(order, owner))
    lines = [line for order in shop.orders for line in _lines(order)]
    return {"s_user": users, "s_order": orders, "s_order_details": lines, **SETTINGS}


def _user(person: Person, number: int) -> Row:
    return {
        "id": number,
        "email": person.email.upper() if number > BIG else person.email,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "accountmode": int(person.guest or number > BIG),
        "firstlogin": REGISTERED.date(),
    }


def _order(order: Order, owner: int | None) -> Row:
    return {
        "id": order.number,
        "ordernumber": str(20_000 + order.number) if order.is_placed else "0",
        "userID": owner,
        "invoice_amount": order.total,
        "ordertime": order.naive,
        "status": _order_state(order),
        "cleared": _payment_state(order),
        "currency": order.currency,
        "currencyFactor": order.rate,
    }


def _lines(order: Order) -> list[Row]:
    """Return two products, and what is no product."""
    return [
        {
            "id": BIG * place + order.number,
            "orderID": order.number,
            "articleID": 1 + order.number % 9 if modus == PRODUCT else 0,
            "price": price,
            "quantity": 2 if modus == PRODUCT else 1,
            "name": "Tee",
            "modus": modus,
        }
        for place, (modus, price) in enumerate(
            ((PRODUCT, order.total / 2), (VOUCHER, -5), (SURCHARGE, 5))
        )
    ]


SETTINGS: Tables = {
    "s_core_states": [
        {"id": number, "name": name, "description": name, "position": 0, "group": group}
        for group, states in (("state", ORDER_STATES), ("payment", PAYMENT_STATES))
        for number, name in states.items()
    ],
    "s_core_currencies": [
        {
            "id": number,
            "currency": code,
            "name": code,
            "standard": int(number == 1),
            "factor": factor,
            "templatechar": code,
        }
        for number, code, factor in ((1, "EUR", 1), (2, "USD", 1.25))
    ],
    "s_articles": [{"id": number, "supplierID": 4, "name": "Tee"} for number in range(1, 10)],
    "s_articles_supplier": [{"id": 4, "name": "Acme"}],
}
PLATFORMS = {
    "shopware5": Platform(
        "shopware5",
        "mysql",
        "shopware5",
        HOLDS,
        write,
        plain_id,
        # Goods sent on invoice stay open until the shop marks them paid.
        findings=frozenset({"open_though_fulfilled"}),
    )
}
