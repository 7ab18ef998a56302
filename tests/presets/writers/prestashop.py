"""PrestaShop: amounts in the order's currency, credit slips, customers that repeat."""

from dataclasses import replace
from decimal import Decimal

from tests.presets.events import CENT, Happening, Holds, Order, Person, ShopEvents, is_erased
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables, plain_id

WAITING, PAID, SHIPPED, CANCELLED, REFUND, ERROR, OWN = 1, 2, 4, 6, 7, 8, 20
EUROS, DOLLARS = 1, 2
ANONYMOUS = 9_998
SLIP_OF_CHOICE = 2
HOLDS = Holds(
    (
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
    ),
    "repeated_rows",
    currencies="converted",
    erased="nobody",
)


def _state(order: Order) -> int:
    if order.cancelled:
        return CANCELLED
    if order.has(Happening.MARKED_REFUNDED):
        return REFUND
    if order.has(Happening.FAILED):
        return ERROR
    if not order.paid:
        return WAITING
    return SHIPPED if order.has(Happening.SHIPPED) else order.any_of(PAID, OWN)


def write(shop: ShopEvents) -> Tables:
    """Write slips for what went back; who was erased is the GDPR module's anonymous customer."""
    tables: Tables = {
        "ps_customer": [_customer(one, one.number) for one in shop.people if not is_erased(one)],
        "ps_orders": [],
        "ps_order_slip": [],
    }
    for order in shop.orders:
        owner = order.person.number if order.person else 0
        if is_erased(order.person):
            owner = ANONYMOUS
        elif order.person is not None and order.number % 2 == 0:
            owner = BIG + order.number  # bought without logging in
            tables["ps_customer"].append(_customer(order.person, owner))
        tables["ps_orders"].append(_order(order, owner))
        tables["ps_order_slip"] += [_slip(order, owner, n) for n in range(len(_back(order)))]
    anonymous = Person(ANONYMOUS, guest=False)
    tables["ps_customer"].append(_customer(anonymous, ANONYMOUS))
    gone = {**_customer(Person(9_999, guest=False), 9_999), "deleted": 1}
    tables["ps_customer"].append(gone)
    return {**tables, **_lines(shop), **SETTINGS}


def _back(order: Order) -> list[Row]:
    """Return each slip's products and shipping: a cent is shipping, all else products."""
    return [
        _of_products(order, amount) if amount >= 1 else _of_shipping(amount)
        for amount in order.amounts_of(Happening.REFUNDED)
    ]


def _of_shipping(amount: Decimal) -> Row:
    return {
        "total_products_tax_incl": 0,
        "total_products_tax_excl": 0,
        "total_shipping_tax_incl": amount,
        "shipping_cost_amount": amount,
        "amount": 0,
        "order_slip_type": SLIP_OF_CHOICE,
    }


def _of_products(order: Order, amount: Decimal) -> Row:
    """Return what the products came to, or an amount that the merchant chose for them."""
    without_tax = (amount / 2).quantize(CENT)
    row: Row = {
        "total_products_tax_incl": amount,
        "total_products_tax_excl": without_tax,
        "total_shipping_tax_incl": 0,
        "amount": without_tax,
        "order_slip_type": 0,
    }
    chosen = {"amount": amount, "order_slip_type": SLIP_OF_CHOICE, "total_products_tax_incl": 999}
    return order.any_of(row, {**row, **chosen})


def _slip(order: Order, owner: int, place: int) -> Row:
    return {
        "conversion_rate": order.rate,
        "id_customer": owner,
        "id_order": order.number,
        **_back(order)[place],
        "partial": 1,
        "date_add": order.naive,
        "date_upd": order.naive,
    }


def _customer(person: Person, number: int) -> Row:
    return {
        "id_customer": number,
        "email": person.email.upper() if number > BIG else person.email,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "is_guest": int(person.guest or number > BIG),
        "date_add": REGISTERED,
        "date_upd": REGISTERED,
    }


def _order(order: Order, owner: int) -> Row:
    state = _state(order)
    return {
        "id_order": order.number,
        "reference": f"R{order.number:08}",
        "id_customer": owner,
        "id_currency": EUROS if order.rate == 1 else DOLLARS,
        "current_state": state,
        "conversion_rate": order.rate,
        "total_paid": order.total,
        "total_paid_tax_incl": order.total,
        "total_paid_real": order.paid,
        "valid": int(state in {PAID, SHIPPED, OWN}),
        "date_add": order.naive,
        "date_upd": order.naive,
    }


def _lines(shop: ShopEvents) -> Tables:
    return {
        "ps_order_detail": [
            {
                "id_order_detail": order.number,
                "id_order": order.number,
                "product_id": 1 + order.number % 9,
                "product_name": "Tee",
                "product_quantity": 2,
                "unit_price_tax_incl": order.total / 2,
            }
            for order in shop.orders
        ],
        "ps_product": [{"id_product": number, "id_manufacturer": 4} for number in range(1, 10)],
        "ps_manufacturer": [{"id_manufacturer": 4, "name": "Acme"}],
    }


SETTINGS: Tables = {
    "ps_order_state": [
        {
            "id_order_state": state,
            "logable": int(state in {PAID, SHIPPED, OWN}),
            "paid": int(state in {PAID, SHIPPED}),
            "shipped": int(state == SHIPPED),
        }
        for state in (WAITING, PAID, SHIPPED, CANCELLED, REFUND, ERROR, OWN)
    ],
    "ps_configuration": [
        {"name": name, "value": str(value)}
        for name, value in (
            ("PS_OS_CANCELED", CANCELLED),
            ("PS_OS_REFUND", REFUND),
            ("PS_OS_ERROR", ERROR),
            ("PS_CURRENCY_DEFAULT", EUROS),
            ("PSGDPR_ANONYMOUS_CUSTOMER", ANONYMOUS),
        )
    ],
    "ps_currency": [
        {"id_currency": number, "name": code, "iso_code": code, "conversion_rate": 1}
        for number, code in ((EUROS, "EUR"), (DOLLARS, "USD"))
    ],
}


OTHER_SHOP = 2


def write_two_shops(shop: ShopEvents) -> Tables:
    """Write orders of two shops, each with a default currency of its own."""
    tables = write(shop)
    for row, order in zip(tables["ps_orders"], shop.orders, strict=True):
        row |= {"conversion_rate": 1, "id_shop": 1 if order.rate == 1 else OTHER_SHOP}
    for row in tables["ps_order_slip"]:
        row["conversion_rate"] = 1
    own = {"name": "PS_CURRENCY_DEFAULT", "value": str(DOLLARS), "id_shop": OTHER_SHOP}
    tables["ps_configuration"] = [*tables["ps_configuration"], own]
    return tables


def write_thirtybees(shop: ShopEvents) -> Tables:
    """Write the same into thirty bees' tables, which have another prefix."""
    return {table.replace("ps_", "tb_", 1): rows for table, rows in write(shop).items()}


PLATFORMS = {
    "prestashop": Platform("prestashop", "mysql", "prestashop", HOLDS, write, plain_id),
    "prestashop, one of two shops' currencies": Platform(
        "prestashop",
        "mysql",
        "prestashop",
        replace(HOLDS, currencies="kept"),
        write_two_shops,
        plain_id,
        {"CURRENCY": "EUR"},
    ),
    "thirty bees": Platform(
        "prestashop",
        "mysql",
        "thirtybees",
        HOLDS,
        write_thirtybees,
        plain_id,
        {"TABLE_PREFIX": "tb_"},
    ),
}
