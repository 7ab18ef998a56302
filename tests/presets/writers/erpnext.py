"""ERPNext: invoices and receipts of the till, credit notes, amendments, and names that are ids."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from tests.presets.events import FOREIGN, Happening, Holds, Order, Person, ShopEvents
from tests.presets.platform import REGISTERED, Platform, Row, Tables

SALES, TILL = "tabSales Invoice", "tabPOS Invoice"
WALK_IN = "Walk-in Customer"
DRAFT, SUBMITTED, CANCELLED = 0, 1, 2
HOLDS = Holds(
    (
        "cart",
        "unpaid",
        "paid",
        "shipped",
        "partly_paid",
        "edited",
        "cancelled_unpaid",
        "cancelled_paid",
        "partly_refunded",
        "refunded_twice",
        "refunded",
    ),
    currencies="converted",
    unpaid_counts=True,
)


def id_of(person: Person) -> str:
    """Return the customer's name: ids are names, with blanks and capitals."""
    return f"{person.first_name} {person.last_name}"


def writer(is_receipt: Callable[[Order], bool]) -> Callable[[ShopEvents], Tables]:
    """Return what writes those orders as receipts of the till, and all others as invoices."""

    def write(shop: ShopEvents) -> Tables:
        tables: Tables = {name: [] for name in (SALES, TILL, f"{SALES} Item", f"{TILL} Item")}
        customers = [_customer(one) for one in shop.people]
        nobody = {"name": WALK_IN, "customer_name": WALK_IN, "creation": REGISTERED}
        tables |= {"tabCustomer": [*customers, nobody], **SETTINGS}
        for order in shop.orders:
            put = _put_receipt if is_receipt(order) else _put_invoice
            put(tables, order)
        _put_what_is_no_order(tables, shop.people[0])
        return tables

    return write


def _is_receipt(order: Order) -> bool:
    return order.number % 3 == 0


def _customer(person: Person) -> Row:
    return {
        "name": id_of(person),
        "customer_name": id_of(person),
        "customer_type": "Individual",
        "email_id": person.email,
        "creation": REGISTERED,
    }


def _head(order: Order, name: str, amount: Decimal, docstatus: int, status: str) -> Row:
    return {
        "name": name,
        "docstatus": docstatus,
        "customer": id_of(order.person) if order.person else WALK_IN,
        "posting_date": order.naive.date(),
        "posting_time": order.naive.time(),
        "company": "Acme",
        "currency": order.currency,
        "conversion_rate": 1 / order.rate,
        "grand_total": amount,
        "base_grand_total": amount / order.rate,
        "status": status,
    }


def _docstatus(order: Order) -> int:
    if not order.is_placed:
        return DRAFT
    return CANCELLED if order.cancelled else SUBMITTED


def _status(order: Order) -> str:
    if not order.is_placed:
        return "Draft"
    if order.cancelled:
        return "Cancelled"
    if order.refunded:
        return "Credit Note Issued"
    if not order.paid:
        return order.any_of("Unpaid", "Overdue")
    return "Paid" if order.paid == order.total else "Partly Paid"


def _put_invoice(tables: Tables, order: Order) -> None:
    """Write an invoice, what it was before it was amended or adjusted, and its credit notes."""
    name = f"ACC-SINV-2025-{order.number:05}"
    total = order.total
    if order.has(Happening.EDITED):
        before = _head(order, name, order.events[0].amount, CANCELLED, "Cancelled")
        tables[SALES].append(before)
        _put_line(tables, SALES, order, name)
        name, amended_from = f"{name}-1", name
        adjusted = _head(order, f"{name}-D", Decimal(3), SUBMITTED, "Unpaid")
        tables[SALES].append({**adjusted, "is_debit_note": 1, "return_against": name})
        _put_line(tables, SALES, order, f"{name}-D")
        own = _head(order, name, total - 3, SUBMITTED, "Paid")
        tables[SALES].append({**own, "amended_from": amended_from})
    else:
        tables[SALES].append(_head(order, name, total, _docstatus(order), _status(order)))
    _put_line(tables, SALES, order, name)
    _put_credit_notes(tables, SALES, order, name)


def _put_receipt(tables: Tables, order: Order) -> None:
    """Write a receipt, and the invoice that it is consolidated into when the till is closed."""
    name = f"ACC-PSINV-2025-{order.number:05}"
    status = _status(order)
    consolidated = None
    if order.paid and not order.cancelled and order.number % 2:
        consolidated = f"ACC-SINV-2025-C{order.number:05}"
        whole = _head(order, consolidated, order.total, SUBMITTED, "Paid")
        tables[SALES].append({**whole, "is_consolidated": 1, "is_pos": 1})
        _put_line(tables, SALES, order, consolidated)
        status = "Consolidated"
    own = _head(order, name, order.total, _docstatus(order), status)
    tables[TILL].append({**own, "consolidated_invoice": consolidated})
    _put_line(tables, TILL, order, name)
    _put_credit_notes(tables, TILL, order, name)


def _put_line(tables: Tables, table: str, order: Order, name: str) -> None:
    tables[f"{table} Item"].append(
        {
            "name": f"{name}-item",
            "parent": name,
            "item_code": "TEE",
            "item_name": "Tee",
            "brand": "Acme",
            "qty": 2,
            "rate": order.total / 2,
            "base_rate": order.total / order.rate / 2,
        }
    )


def _put_credit_notes(tables: Tables, table: str, order: Order, name: str) -> None:
    """Write what went back, and a credit note that was never submitted."""
    notes = [(SUBMITTED, amount) for amount in order.amounts_of(Happening.REFUNDED)]
    for place, (docstatus, amount) in enumerate([*notes, (DRAFT, Decimal(1))]):
        note = _head(order, f"{name}-R{place}", -amount, docstatus, "Return")
        tables[table].append({**note, "is_return": 1, "return_against": name})
        _put_line(tables, table, order, f"{name}-R{place}")


def _put_what_is_no_order(tables: Tables, person: Person) -> None:
    """Write the openings of an earlier bookkeeping, and a transfer within the company."""
    other = {
        "docstatus": SUBMITTED,
        "customer": id_of(person),
        "posting_date": REGISTERED.date(),
        "posting_time": REGISTERED.time(),
        "company": "Acme",
        "currency": "EUR",
        "conversion_rate": 1,
        "grand_total": 500,
        "base_grand_total": 500,
    }
    tables[SALES] += [
        {**other, "name": "ACC-SINV-2023-00001", "status": "Unpaid", "is_opening": "Yes"},
        {**other, "name": "ACC-SINV-2023-00002", "status": "Internal Transfer"},
    ]


AMERICAN = "Acme America"


def write_two_companies(shop: ShopEvents) -> Tables:
    """Write invoices of two companies, each with a currency of its own."""
    tables = writer(_is_receipt)(shop)
    for row in (*tables[SALES], *tables[TILL]):
        if row["currency"] == FOREIGN:
            own = {"company": AMERICAN, "conversion_rate": 1}
            row |= {**own, "base_grand_total": row["grand_total"]}
    return tables


SETTINGS: Tables = {
    "tabCompany": [
        {"name": "Acme", "abbr": "A", "default_currency": "EUR"},
        {"name": AMERICAN, "abbr": "AA", "default_currency": FOREIGN},
    ],
    "tabPOS Profile": [{"name": "Till", "company": "Acme", "customer": WALK_IN}],
}
WITHOUT_TILL = (TILL, f"{TILL} Item")
PLATFORMS = {
    "erpnext": Platform("erpnext", "mysql", "erpnext", HOLDS, writer(_is_receipt), id_of),
    "erpnext, one of two companies' currencies": Platform(
        "erpnext",
        "mysql",
        "erpnext",
        replace(HOLDS, currencies="kept"),
        write_two_companies,
        id_of,
        {"CURRENCY": "EUR"},
    ),
    "erpnext without a till": Platform(
        "erpnext",
        "mysql",
        "erpnext",
        HOLDS,
        writer(lambda _: False),
        id_of,
        without=WITHOUT_TILL,
        lacking=frozenset(WITHOUT_TILL),
    ),
}
