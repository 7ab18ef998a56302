"""What a check found, as numbers with a level; `wording` makes a `Finding` of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.core.glossary import Reason, Target
from backend.results.readiness import Facts, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One thing that was looked at.

    Attributes
    ----------
    code
        What was looked at, the same in every version.
    level
        "error" where results would be wrong, "warning" where they may be, else "ok".
    """

    code: str
    level: Level

    @property
    def facts(self) -> Facts:
        """The numbers behind it that are published; never a person's data."""
        return {}

    @property
    def settings(self) -> Mapping[str, str]:
        """The variables that would settle it, and what to set them to; empty where none would."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingTable(Judgement):
    """A table or column that the mapping names is not there.

    Attributes
    ----------
    problem
        What the mapping's error says.
    similar
        Tables with a similar name.
    """

    problem: str
    similar: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        return {"nearest": list(self.similar)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Judgement):
    """What the mapping names cannot be read, and what its error says."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen(Judgement):
    """Something could not be looked at, and what stood in the way."""

    obstacle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingHeard(Judgement):
    """Whether all that is configured of the shop is heard; what is not, in the mapping's notes."""

    notes: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        return {"notes": list(self.notes)} if self.notes else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSearchPath(Judgement):
    """Where the tables are that nobody named, and that the guide's schema has not."""

    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetRead(Judgement):
    """How the shop's platform is read.

    Attributes
    ----------
    preset, variant
        Which was asked for, and which of its variants fits; None where it has none.
    lacking
        Tables, and columns as `table.column`, that need not be there and are not.
    stored_lists
        Status lists that were read in the shop's own settings.
    """

    preset: str
    variant: str | None
    lacking: tuple[str, ...]
    stored_lists: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        return {
            "preset": self.preset,
            "variant": self.variant or "",
            "lacking": list(self.lacking),
            "stored_lists": list(self.stored_lists),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedIds(Judgement):
    """How many customers there are, and how many repeat another's id."""

    customers: int
    repeated: int

    @property
    def facts(self) -> Facts:
        return {"customers": self.customers, "repeated": self.repeated}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedEmails(RepeatedIds):
    """How many customers there are, and how many repeat another's e-mail."""

    @property
    def settings(self) -> Mapping[str, str]:
        return {} if self.level == "ok" else {"MERGE_GUESTS": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsWithoutId(Judgement):
    """Rows of the customers' table that hold nothing that can be an id.

    Attributes
    ----------
    rows, customers
        How many, and how many customers there are with one.
    longest
        Characters that an id may have.
    """

    rows: int
    customers: int
    longest: int

    @property
    def facts(self) -> Facts:
        return {"rows": self.rows, "customers": self.customers}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenStatuses(Judgement):
    """How each status is treated.

    Attributes
    ----------
    orders
        By status, "" for none.
    treated
        By status: "counted", "not counted", "cancelled", "refunded" or "open".
    counted
        Statuses that the lists count.
    """

    orders: Mapping[str, int]
    treated: Mapping[str, str]
    counted: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Statuses that no list names."""
        return tuple(one for one in self.orders if self.treated[one] == "not counted")

    @property
    def facts(self) -> Facts:
        seen: dict[str, Mapping[str, int | str]] = {
            status: {"orders": count, "treated": self.treated[status]}
            for status, count in self.orders.items()
        }
        return {"statuses": seen}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOrdersAtAll(Judgement):
    """The orders' table is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingCounts(Judgement):
    """There are orders, and none of them counts; how many have each reason."""

    orders: int
    reasons: Mapping[Reason, int]

    @property
    def facts(self) -> Facts:
        reasons = {str(reason): count for reason, count in self.reasons.items()}
        return {"orders": self.orders, "reasons": reasons}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutOrders(Judgement):
    """How many of the orders do not count for one reason."""

    reason: Reason
    orders: int
    of: int

    @property
    def share(self) -> float:
        """Of all orders, in [0, 1]."""
        return self.orders / self.of

    @property
    def facts(self) -> Facts:
        return {"orders": self.orders, "share": round(self.share, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersAtNight(Judgement):
    """How many orders were placed between 1 and 6 at night.

    Attributes
    ----------
    share
        In [0, 1]; None where too few orders tell the time of day.
    """

    share: float | None
    time_zone: str

    @property
    def facts(self) -> Facts:
        if self.share is None:
            return {}
        return {"share_from_1_to_6": round(self.share, 4), "time_zone": self.time_zone}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCurrencies(Judgement):
    """Orders by currency, "" for none."""

    orders: Mapping[str, int]

    @property
    def facts(self) -> Facts:
        return {"currencies": dict(self.orders)}

    @property
    def settings(self) -> Mapping[str, str]:
        commonest = next((name for name in self.orders if name), "")
        return {"CURRENCY": commonest.upper()} if self.level == "error" and commonest else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedTotals(Judgement):
    """How many customers' rows state their orders, and how many state others."""

    compared: int
    disagreeing: int

    @property
    def facts(self) -> Facts:
        if not self.compared:
            return {}
        return {"customers": self.compared, "disagreeing": self.disagreeing}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLength(Judgement):
    """How much history there is for a target, beside twice its horizon; days."""

    target: Target
    days: float
    horizon_days: int

    @property
    def wanted_days(self) -> int:
        """What a backtest over the horizon wants."""
        return 2 * self.horizon_days

    @property
    def facts(self) -> Facts:
        return {"days": round(self.days), "wanted": self.wanted_days}


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness(Judgement):
    """How old the last order is, days."""

    days: float

    @property
    def facts(self) -> Facts:
        return {"days_since_last_order": round(self.days)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyers(Judgement):
    """How many customers have ordered, beside what segments and grades want."""

    buyers: int
    wanted_by_segments: int
    wanted_by_grades: int

    @property
    def facts(self) -> Facts:
        return {"buyers": self.buyers}


@dataclass(frozen=True, slots=True)
class UnequalKinds:
    """Two columns that must match are of different kinds."""

    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class UnfitKind:
    """A column is of no kind that fits."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnKinds(Judgement):
    """The kinds of the columns that must fit, and which do not."""

    kinds: Mapping[str, str]
    misfits: tuple[UnequalKinds | UnfitKind, ...]

    @property
    def facts(self) -> Facts:
        return dict(self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingIndexes(Judgement):
    """Statements that would make the indexes that the shop's tables lack."""

    statements: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        return {"statements": list(self.statements)} if self.statements else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowSearch(Judgement):
    """A search looks at every customer; the statement would make an index for it."""

    statement: str

    @property
    def facts(self) -> Facts:
        return {"statement": self.statement}
