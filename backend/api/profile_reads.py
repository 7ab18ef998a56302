"""The statements that read one profile, compiled once for each shape of the shop."""

from dataclasses import dataclass
from typing import Self

from backend.core.customer_id import CustomerIdType
from backend.core.secret_keys import Marker
from backend.database.compiled import HotRead
from backend.database.compiled_lists import HotLookup
from backend.database.kinds import Kind
from backend.shop.customers import one_customer, several_customers
from backend.shop.shop import Source
from backend.store.hot_numbers import (
    alone,
    numbers_of_several,
    with_erasure,
    with_numbers,
    with_numbers_of,
)


@dataclass(frozen=True, slots=True)
class Dialects:
    """Which kinds of database the shop's and ours are; a SQLite file may stand beside any."""

    shop: str
    ours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileReads:
    """Statements for one shape of the shop and one type of our ids.

    Attributes
    ----------
    in_one, in_one_without_numbers
        The shop's half and ours, where both are in one database.
    shops
        The shop's half.
    ours, ours_without_numbers
        Ours.
    several, numbers_of_several
        The shop's half and our numbers, of several at once.
    several_in_one
        Both, as `with_numbers_of` has them; None where one statement cannot find them.
    """

    accounts: Source
    kind: CustomerIdType
    in_one: HotRead
    in_one_without_numbers: HotRead
    shops: HotRead
    ours: HotRead
    ours_without_numbers: HotRead
    several: HotLookup
    numbers_of_several: HotLookup
    several_in_one: HotLookup | None

    @classmethod
    def of(cls, accounts: Source, dialects: Dialects, kind: CustomerIdType, marker: Marker) -> Self:
        """Make them; nothing is compiled before it is asked."""
        shops = one_customer(accounts, dialects.shop)
        in_one, ours = with_erasure(shops, marker), with_erasure(alone(), marker)
        return cls(
            accounts=accounts,
            kind=kind,
            in_one=HotRead(with_numbers(in_one, kind, dialects.ours)),
            in_one_without_numbers=HotRead(in_one),
            shops=HotRead(shops),
            ours=HotRead(with_numbers(ours, kind, dialects.ours)),
            ours_without_numbers=HotRead(ours),
            several=several_customers(accounts, dialects.shop),
            numbers_of_several=numbers_of_several(kind, dialects.ours),
            several_in_one=several_customers(accounts, dialects.shop, with_numbers_of)
            if dialects.shop == dialects.ours == "postgresql"
            and kind == "integer"
            and accounts.kinds["id"] is Kind.INTEGER
            else None,
        )


class ProfileStatements:
    """The statements as they are for now; made anew when the shop, or our ids, are another."""

    def __init__(self, dialects: Dialects, marker: Marker) -> None:
        self._dialects = dialects
        self._marker = marker
        self._reads: ProfileReads | None = None

    def for_(self, accounts: Source, kind: CustomerIdType) -> ProfileReads:
        """Return the statements for a shape of the shop and a type of ids."""
        reads = self._reads
        if reads is None or reads.accounts is not accounts or reads.kind != kind:
            reads = ProfileReads.of(accounts, self._dialects, kind, self._marker)
            self._reads = reads
        return reads
