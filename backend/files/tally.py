"""What is counted while files are loaded, of which their summary is made."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from backend.files.records import Cost, Record, Rejected, TableName
from backend.results.loaded_files import FileSummary, Identity, Refusals, Understanding

# What is paid in full or in part, and counts as spent on the platform that says so.
PAID = frozenset(("paid", "partially_paid", "partially_refunded", "refunded", "authorized"))
NOT_PAID = frozenset(("pending", "open", "unpaid", "on-hold", "authorized"))
FULFILLED = frozenset(("fulfilled", "shipped", "delivered", "complete", "completed"))


@dataclass(slots=True)
class _Refused:
    """Refusals for one reason."""

    first: Rejected
    count: int = 0

    def told(self, kind: str) -> Refusals:
        return Refusals(kind, self.count, self.first.line, self.first.reason)


@dataclass(slots=True)
class FileTally:
    """What was taken of one table, and what not.

    Attributes
    ----------
    table
        What is counted: orders, customers or lines.
    """

    understood: Understanding
    table: TableName
    read: int = 0
    replaced: int = 0
    refused: dict[tuple[Cost, str], _Refused] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    sums: Counter[str] = field(default_factory=Counter)
    identities: Counter[Identity] = field(default_factory=Counter)
    open_although_fulfilled: int = 0

    def refuse(self, rejected: Rejected) -> None:
        """Count what is not loaded."""
        if rejected.cost is Cost.ROW:
            self.read += rejected.lines if rejected.kind == BROKEN else 1
        kind = rejected.kind or rejected.reason
        reasons = self.refused.setdefault((rejected.cost, kind), _Refused(rejected))
        reasons.count += rejected.lines if rejected.kind == BROKEN else 1

    def take(self, record: Record) -> None:
        """Count what is loaded."""
        if record.table != self.table or record.is_hint:
            return
        self.read += 1
        if record.table == "orders":
            self._take_order(record)

    def _take_order(self, record: Record) -> None:
        row = record.row
        created = row["created_at"]
        self.first = min(self.first or created, created)
        self.last = max(self.last or created, created)
        self.sums[row["currency"] or ""] += row["total_price"]
        self.identities[record.by or Identity.NOBODY] += 1
        status, fulfilled = row["financial_status"] or "", row["fulfillment_status"] or ""
        self.open_although_fulfilled += status in NOT_PAID and fulfilled.lower() in FULFILLED

    def summary(self) -> FileSummary:
        """Return what people are told."""
        refused = self.refusals(Cost.ROW)
        return FileSummary(
            understood=self.understood,
            read=self.read,
            loaded=self.read - sum(one.count for one in refused) - self.replaced,
            replaced=self.replaced,
            refused=refused,
            left_out=self.refusals(Cost.NOTHING),
            parts_refused=self.refusals(Cost.PART),
            first=self.first,
            last=self.last,
            sums=_amounts(self.sums),
            identities=dict(self.identities),
            open_although_fulfilled=self.open_although_fulfilled,
        )

    def refusals(self, cost: Cost) -> list[Refusals]:
        """Return what was refused at a cost, the commonest reason first."""
        found = [one.told(kind) for (what, kind), one in self.refused.items() if what is cost]
        return sorted(found, key=lambda one: -one.count)


BROKEN = "the line is not CSV"


def _amounts(sums: Mapping[str, int | Decimal]) -> dict[str, Decimal]:
    return {code: Decimal(total) for code, total in sorted(sums.items())}


@dataclass(slots=True)
class SpentTally:
    """What customers have spent, as an export states it and as their orders add up.

    Kept only where an export states it.
    """

    is_wanted: bool
    stated: dict[int | str, Decimal] = field(default_factory=dict)
    added: Counter[int | str] = field(default_factory=Counter)

    def take(self, record: Record) -> None:
        """Add an order to its customer's, or note what a customer is said to have spent."""
        row = record.row
        if not self.is_wanted or record.is_hint:
            return
        if record.table == "customers" and row.get("total_spent") is not None:
            self.stated[row["id"]] = row["total_spent"]
        if record.table == "orders" and row["customer_id"] and row["financial_status"] in PAID:
            self.added[row["customer_id"]] += max(row["total_price"], 0)

    def compared(self) -> tuple[int, int] | None:
        """Return how many state a sum, and how many of them another one; None without both."""
        if not self.stated or not self.added:
            return None
        wrong = sum(Decimal(self.added[who]) != said for who, said in self.stated.items())
        return len(self.stated), wrong
