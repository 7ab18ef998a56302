"""Odoo: sales orders and tickets, each with its own way to give money back."""

import json
from collections.abc import Callable
from decimal import Decimal

from tests.presets.events import Happening, Holds, Order, ShopEvents
from tests.presets.platform import BIG, REGISTERED, Platform, Row, Tables, plain_id

EUROS, DOLLARS = 1, 2
HOLDS = Holds(
    (
        "paid",
        "shipped",
        "cancelled_unpaid",
        "partly_refunded",
        "refunded_twice",
        "refunded",
        "cart",
    ),
    currencies="converted",
    only_with_orders=True,
    traceless=(),
)


def _is_ticket(order: Order) -> bool:
    return order.number % 3 == 0


def writer(is_ticket: Callable[[Order], bool]) -> Callable[[ShopEvents], Tables]:
    """Return what writes those orders as tickets, and all others as sales orders."""

    def write(shop: ShopEvents) -> Tables:
        tables: Tables = {name: [] for name in TABLES}
        tables |= {"res_partner": _partners(shop), **SETTINGS}
        for order in shop.orders:
            put = _put_ticket if is_ticket(order) else _put_sale
            put(tables, order)
        _exchange(tables)
        return tables

    return write


TABLES = (
    "sale_order",
    "sale_order_line",
    "sale_order_line_invoice_rel",
    "account_move",
    "account_move_line",
    "pos_order",
    "pos_order_line",
)


def _partners(shop: ShopEvents) -> list[Row]:
    partners: list[Row] = []
    for person in shop.people:
        own = {
            "id": person.number,
            "name": f"{person.first_name} {person.last_name}",
            "email": person.email.upper(),
            "commercial_partner_id": person.number,
            "create_date": REGISTERED,
        }
        partners += [own, {**own, "id": BIG + person.number, "email": None, "type": "delivery"}]
    return [
        *partners,
        {**partners[0], "id": 990, "commercial_partner_id": 990, "name": "A supplier"},
    ]


def _partner(order: Order) -> int | None:
    if order.person is None:
        return None
    return order.person.number + (BIG if order.number % 2 else 0)


def _head(order: Order, state: str) -> Row:
    return {
        "id": order.number,
        "name": f"O{order.number}",
        "partner_id": _partner(order),
        "state": state,
        "date_order": order.naive,
        "amount_total": order.total,
        "currency_rate": order.rate if order.rate != 1 else order.any_of(None, Decimal(1)),
        "company_id": 1,
    }


def _put_sale(tables: Tables, order: Order) -> None:
    """Write a sales order, its sections and down payments, and posted and draft credit notes."""
    if order.person is None:
        return  # a sales order always has a partner
    state = "sale" if order.is_placed else order.any_of("draft", "sent")
    if order.cancelled:
        state = "cancel"
    tables["sale_order"].append(
        _head(order, order.any_of(state, "done") if state == "sale" else state)
    )
    for place, (kind, downpayment) in enumerate(
        ((None, None), ("line_section", False), (None, True))
    ):
        tables["sale_order_line"].append(
            {
                "id": BIG * place + order.number,
                "order_id": order.number,
                "product_id": 1 if kind is None else None,
                "name": "[T] Tee",
                "product_uom_qty": 0 if kind or downpayment else 2,
                "price_unit": order.total / 2,
                "price_total": 0 if kind or downpayment else order.total,
                "display_type": kind,
                "is_downpayment": downpayment,
            }
        )
    notes = [("out_invoice", "posted", order.paid)]
    notes += [("out_refund", "posted", one) for one in order.amounts_of(Happening.REFUNDED)]
    notes += [("out_refund", "draft", Decimal(1))]
    for place, (kind, state, amount) in enumerate(notes):
        number = BIG * place + order.number
        tables["account_move"].append({"id": number, "move_type": kind, "state": state})
        tables["account_move_line"].append({"id": number, "move_id": number, "price_total": amount})
        tables["sale_order_line_invoice_rel"].append(
            {"invoice_line_id": number, "order_line_id": order.number}
        )


def _put_ticket(tables: Tables, order: Order) -> None:
    """Write a ticket, and one with a negative total for each time that money went back."""
    state = order.any_of("paid", "done") if order.is_placed else "draft"
    state = "cancel" if order.cancelled else state
    head = {**_head(order, state), "amount_tax": 0, "amount_paid": order.paid}
    tables["pos_order"].append(head)
    line = {
        "id": order.number,
        "order_id": order.number,
        "product_id": 1,
        "full_product_name": "Tee",
    }
    tables["pos_order_line"].append({**line, "qty": 2, "price_subtotal_incl": order.total})
    for place, amount in enumerate(order.amounts_of(Happening.REFUNDED), start=1):
        number = BIG * place + order.number
        # A refund is not always made out to the one who bought.
        refund = {
            "id": number,
            "amount_total": -amount,
            "partner_id": order.any_of(head["partner_id"], None),
        }
        tables["pos_order"].append({**head, **refund, "state": "paid", "is_refund": True})
        tables["pos_order_line"].append(
            {
                **line,
                "id": number,
                "order_id": number,
                "qty": -1,
                "price_subtotal_incl": -amount,
                "refunded_orderline_id": order.number,
            }
        )


def _exchange(tables: Tables) -> None:
    """Have every other refund made on a ticket that sells more than it takes back."""
    refunds = [row for row in tables["pos_order"] if row["amount_total"] < 0]
    sales = [row for row in tables["pos_order"] if row["amount_total"] > 0 and _is_paid(row)]
    for refund in refunds[::2]:
        for sale in sales:
            if _takes_back(sale, refund):
                sales.remove(sale)
                tables["pos_order"].remove(refund)
                sale["amount_total"] += refund["amount_total"]
                (line,) = (one for one in tables["pos_order_line"] if one["id"] == refund["id"])
                line["order_id"] = sale["id"]
                break


def _is_paid(ticket: Row) -> bool:
    return ticket["state"] in {"paid", "done"}


def _takes_back(sale: Row, refund: Row) -> bool:
    another = refund["id"] % BIG != sale["id"]
    alike = (sale["currency_rate"] or 1) == (refund["currency_rate"] or 1)
    return another and alike and sale["amount_total"] + refund["amount_total"] > 0


def write_settled(shop: ShopEvents) -> Tables:
    """Write tickets that settle sales orders: the same sale, paid at the till."""
    tables = writer(_is_ticket)(shop)
    for order in shop.orders:
        if _is_ticket(order) or not order.paid or order.person is None:
            continue
        number = 5 * BIG + order.number
        paid = {"amount_tax": 0, "amount_paid": order.paid, "id": number, "state": "done"}
        tables["pos_order"].append({**_head(order, "done"), **paid})
        tables["pos_order_line"].append(
            {
                "id": number,
                "order_id": number,
                "product_id": 1,
                "full_product_name": "Tee",
                "qty": 2,
                "price_subtotal_incl": order.total,
                "sale_order_origin_id": order.number,
            }
        )
    return tables


SETTINGS: Tables = {
    "res_currency": [{"id": EUROS, "name": "EUR"}, {"id": DOLLARS, "name": "USD"}],
    "res_company": [{"id": 1, "name": "Acme", "currency_id": EUROS, "partner_id": 990}],
    "product_template": [{"id": 1, "name": json.dumps({"en_US": "Tee"})}],
    "product_product": [{"id": 1, "product_tmpl_id": 1}],
}
SALE_TABLES = ("sale_order", "sale_order_line", "sale_order_line_invoice_rel")

TILL_TABLES = ("pos_order", "pos_order_line")
PLATFORMS = {
    "odoo17": Platform(
        "odoo17",
        "postgres",
        "odoo",
        HOLDS,
        write_settled,
        plain_id,
        variant="Sales and Point of Sale",
    ),
    "odoo17, sales alone": Platform(
        "odoo17",
        "postgres",
        "odoo",
        HOLDS,
        writer(lambda _: False),
        plain_id,
        without=TILL_TABLES,
        variant="Sales alone",
        lacking=frozenset(TILL_TABLES),
    ),
    "odoo17, till alone": Platform(
        "odoo17",
        "postgres",
        "odoo",
        HOLDS,
        writer(lambda _: True),
        plain_id,
        without=(*SALE_TABLES, "pos_order_line.sale_order_origin_id"),
        variant="Point of Sale alone",
        lacking=frozenset({*SALE_TABLES, "pos_order_line.sale_order_origin_id"}),
    ),
}
