"""What a check found of orders and whose they are, as sentences."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backend.readiness.judgement import Judgement
from backend.readiness.order_judgement import (
    HiddenCurrencies,
    LargestCustomer,
    LargestOrder,
    MangledNames,
    OpenThoughFulfilled,
    OrdersAsTests,
    OrdersMarkedAsTests,
    OrdersOfNobody,
    PlaceholderDates,
    UnmappedPeople,
)


def _open_though_fulfilled(found: OpenThoughFulfilled) -> str:
    if found.level == "ok":
        return "Hardly any order has left the shop that is not paid."
    named = ", ".join(f"'{status}' ({count:,})" for status, count in found.fulfilled.items())
    return (
        f"{found.orders:,} of {found.of:,} orders ({found.orders / found.of:.0%}) have left the "
        f"shop and do not count, because they are not paid: {named}. Where that is cash on "
        f"delivery, COUNTED_STATUSES={found.settings['COUNTED_STATUSES']} counts them."
    )


def _orders_of_nobody(found: OrdersOfNobody) -> str:
    known = ", ".join(f"{count:,} have {name}" for name, count in found.known_by.items())
    return (
        f"Of {found.orders:,} orders without a customer, {known}: a mapping's query of customers "
        "could make one of each."
    )


def _placeholder_dates(found: PlaceholderDates) -> str:
    if found.level == "ok":
        return "The orders' dates look like dates of orders."
    return f"{'; '.join(_odd_dates(found))}: do these stand for dates that are not known?"


def _odd_dates(found: PlaceholderDates) -> Iterator[str]:
    if found.early:
        yield f"{found.early:,} of {found.of:,} orders are dated before 1990"
    if found.far_before:
        yield f"{found.far_before:,} orders are dated years before all others"
    if found.at_one_instant:
        yield f"{found.at_one_instant:,} orders share an instant with far too many others"


def _largest_order(found: LargestOrder) -> str:
    told = (
        f"The largest order brings {found.share:.1%} of the revenue, {found.multiple:,.0f} times "
        "the median one"
    )
    return f"{told}." if found.level == "ok" else f"{told}: is it a test, or in other units?"


def _largest_customer(found: LargestCustomer) -> str:
    told = (
        f"One customer brings {found.share:.1%} of the revenue, {found.multiple:,.0f} times the "
        "median buyer's"
    )
    return f"{told}." if found.level == "ok" else f"{told}: is it an account that many share?"


def _orders_as_tests(found: OrdersAsTests) -> str:
    if not found.orders:
        return "No counted order is of a customer called test."
    return (
        f"{found.orders:,} counted orders are of {found.customers:,} customers called test: leave "
        "them out with CUSTOMERS_FILTER or ORDERS_FILTER, or cancel them in the shop."
    )


def _unmapped_people(found: UnmappedPeople) -> str:
    if not found.lacking:
        return "A search finds people by e-mail and name."
    told = f"{', '.join(found.lacking)} of customers is not read: a search finds nobody by it"
    if found.level == "ok" or not found.similar:
        return f"{told}."
    return f"{told}. CUSTOMERS_COLUMNS={found.settings['CUSTOMERS_COLUMNS']} names what may be it."


def _orders_marked_as_tests(found: OrdersMarkedAsTests) -> str:
    if not found.orders:
        return f"No counted order is marked as a test in {found.column}."
    told = f"{found.orders:,} counted orders are marked as tests in {found.column}"
    if not found.settings:
        return f"{told}: leave them out with ORDERS_FILTER."
    return f"{told}: ORDERS_FILTER={found.settings['ORDERS_FILTER']} leaves them out."


def _hidden_currencies(found: HiddenCurrencies) -> str:
    if found.level == "ok":
        return "No column that is not read names several currencies."
    named = ", ".join(f"{name or 'none'} ({count:,})" for name, count in found.orders.items())
    told = ", ".join(f"{name}={value}" for name, value in found.settings.items())
    return (
        f"{found.column} of the orders is not read, and names several currencies, {named}, which "
        f"are added up: {told.replace(', CURRENCY=', ' and CURRENCY=')} count one alone."
    )


def _mangled_names(found: MangledNames) -> str:
    if found.level == "ok":
        return "Names are in the encoding that the database takes them to be in."
    return (
        f"Of {found.beyond_ascii:,} names with letters beyond ASCII "
        f"{' and '.join(_mangled(found))}: a search finds nobody by them as people write them. "
        "They are to be mended in the shop."
    )


def _mangled(found: MangledNames) -> Iterator[str]:
    if found.mistaken:
        yield (
            f"{found.mistaken:,} are UTF-8 that was stored as another encoding, as MÃ¼ller for "
            "Müller"
        )
    if found.unreadable:
        yield f"{found.unreadable:,} are no text in UTF-8"


ORDER_SENTENCES: Mapping[type[Judgement], Callable[[Any], str]] = {
    OpenThoughFulfilled: _open_though_fulfilled,
    OrdersOfNobody: _orders_of_nobody,
    PlaceholderDates: _placeholder_dates,
    LargestOrder: _largest_order,
    LargestCustomer: _largest_customer,
    OrdersAsTests: _orders_as_tests,
    UnmappedPeople: _unmapped_people,
    OrdersMarkedAsTests: _orders_marked_as_tests,
    HiddenCurrencies: _hidden_currencies,
    MangledNames: _mangled_names,
}
