"""Shopify's customers export: names, telephone numbers, and what each has spent as a check."""

from collections.abc import Iterator

from backend.files import values
from backend.files.formats.order_rows import rows_or_refused
from backend.files.formats.table_format import Format
from backend.files.formats.terms import Terms
from backend.files.people import PersonRead, clean_email, identified
from backend.files.records import Item, Line
from backend.files.values import NotThat


def read_shopify_customers(lines: Iterator[Line], terms: Terms) -> Iterator[Item]:
    """Turn each line into a customer, with the id that the orders export gives the same person."""
    return rows_or_refused("customers", lines, lambda line: _row(line, terms))


def _row(line: Line, terms: Terms) -> dict[str, object]:
    person = PersonRead(
        email=line.get("email"),
        phone=line.get("phone", "default address phone"),
        country=line.get("default address country code"),
        platform_id=line.get("customer id").removeprefix("'"),
        first_name=line.get("first name"),
        last_name=line.get("last name"),
    )
    who = identified(person, lambda text: values.key("Customer ID", text))
    if who is None:
        raise NotThat("Email", "", "an e-mail, a phone or a Customer ID")
    spent, orders = line.cell("total spent"), line.cell("total orders")
    return {
        "id": who.id,
        "email": clean_email(person.email),
        **person.names,
        "total_spent": None if spent == "" else terms.amount("Total Spent", spent),
        "orders_count": None if orders == "" else values.count("Total Orders", orders),
    }


SHOPIFY_CUSTOMERS = Format(
    name="Shopify's customers export",
    origin="shopify_customers",
    table="customers",
    required=("first name", "last name", "email", "total spent", "total orders"),
    dates=(),
    amounts=("total spent",),
    currencies=(),
    read=read_shopify_customers,
)
