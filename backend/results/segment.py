"""A segment as it is stored, served and shown."""

from dataclasses import dataclass, fields

from backend.results.root import Result, Share


@dataclass(frozen=True, slots=True)
class Words(Result):
    """What a segment is called, and what is said of it."""

    name: str
    """Never that of another segment."""
    description: str | None
    """One sentence; null where nothing is said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medians(Result):
    """How customers behave: medians, each over those for whom it is defined; else null."""

    recency_days: float | None = None
    """Days from the last counted order to `as_of`, at least 0."""
    frequency: float | None = None
    """Counted orders, at least 1."""
    monetary_avg: float | None = None
    """Currency units per counted order, above 0."""
    usual_gap_days: float | None = None
    """Days between days with orders, at least 1; of customers with two such days or more."""
    rhythm: float | None = None
    """Standard deviation over mean of those gaps, at least 0: 0 is a clock, 1 is chance."""
    trend: float | None = None
    """Share of orders in the later half of the time known, in [0, 1]."""
    basket_size: float | None = None
    """Units per order with lines, above 0."""
    product_variety: float | None = None
    """Distinct products per order line, in [0, 1]."""
    vendor_variety: float | None = None
    """Distinct vendors, at least 1."""
    repurchase_share: float | None = None
    """Share of products on more than one order, in [0, 1]."""
    weekend_share: float | None = None
    """Share of orders on Saturdays and Sundays in UTC, in [0, 1]."""
    season_share: float | None = None
    """Share of orders from 10 November to the year's end, in [0, 1]."""

    def by_axis(self) -> dict[str, float | None]:
        """Return the medians by the name of their axis."""
        return {axis.name: getattr(self, axis.name) for axis in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Result):
    """Who is in a segment, said plainly; how well the rule holds is part of it."""

    least_order_days: int | None
    """Fewest days with orders; 1 for one-time buyers, null where nobody ordered."""
    recency_from_days: int | None = None
    """Fewest days since the last order; null where no bound is worth saying."""
    recency_to_days: int | None = None
    """Most days since the last order; null likewise."""
    value_from: Share | None = None
    """Lowest rank by value among repeat customers, which mixes how often and how much; null
    likewise."""
    value_to: Share | None = None
    """Highest rank by value among repeat customers; null likewise."""
    precision: Share | None = None
    """Share of those whom the rule names who are in the segment; null for a habit."""
    recall: Share | None = None
    """Share of the segment whom the rule names; null for a habit."""
    sentence: str
    """All of it in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart(Result):
    """One axis on which a segment and its nearest differ."""

    characteristic: str
    """Name of the axis, one of those of `characteristics`."""
    here: float
    """Median in this segment, in the axis' unit."""
    there: float
    """Median in the nearest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest(Result):
    """The segment most like another, and what sets the two apart."""

    id: str
    """Of the segment that is nearest."""
    name: str
    """Its name."""
    apart: tuple[Apart, ...]
    """At most two axes, the one on which they differ most first."""
    sentence: str | None
    """The difference in words; null where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(Result):
    """One segment of a run, or one group of segments higher up in the hierarchy."""

    id: str
    """Means the same in every run."""
    parent_id: str | None
    """Group that it is a part of; null at the top."""
    is_group: bool
    """Whether it is divided further: customers are in its parts."""
    level: int
    """Depth: 1 = a whole life stage, 2 = inside it, 3 = a half of that."""
    name: str
    """As a person, the language model or the rules have it; never that of another segment."""
    description: str | None
    """Its rule in one sentence, or a person's words."""
    customer_count: int
    """Customers in it, or in its parts; at least 0."""
    share_of_customers: Share
    """Of all customers of the shop."""
    share_of_revenue: Share | None
    """Of all that customers have spent; null where nobody has."""
    avg_ltv: float | None
    """Mean of its customers' `ltv`, currency units; null where nobody has ordered."""
    churn_risk_avg: Share | None
    """Mean of its customers' churn risk; null where nobody has ordered."""
    avg_confidence: Share | None
    """Mean of its customers' confidence; null where nothing was clustered."""
    characteristics: Medians
    """Medians over its customers."""
    shop: Medians
    """The same medians over all customers with orders."""
    rule: Rule
    """Bounds that hold its customers, how well they do, and a sentence."""
    nearest: Nearest | None
    """The segment most like it; null for a group, and where it is alone."""
    median_ltv: float | None = None
    """Median of its customers' `ltv`, currency units; null where nobody has ordered, and of runs
    of versions that kept none."""
    largest_ltv_share: Share | None = None
    """Part of the sum of its customers' `ltv` that the largest one is; null likewise."""
    ltv_carried_by_one: bool | None = None
    """Whether `avg_ltv` would be more than a tenth lower without that customer, so that
    `median_ltv` says what is typical; null likewise."""
    currency: str | None = None
    """Of its amounts, such as EUR; null where the shop's data do not tell one."""
