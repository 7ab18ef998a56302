"""What a campaign is, what it can show, and what it brought."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.results.root import Result, Share


class CampaignState(StrEnum):
    """How far a campaign is."""

    DRAFT = "draft"
    """Described; nobody is drawn."""
    RUNNING = "running"
    """Drawn; its window is open, or not counted yet."""
    CLOSED = "closed"
    """Counted for good."""
    ABANDONED = "abandoned"
    """Given up; nobody is held out for it any longer, and it is never counted."""


class Goal(StrEnum):
    """What a campaign is to bring."""

    BUYERS = "buyers"
    """More customers who buy."""
    SPEND = "spend"
    """More spend per customer."""


class Verdict(StrEnum):
    """What a campaign's answer comes to."""

    MORE = "more"
    """The whole interval of the goal's effect is above zero."""
    LESS = "less"
    """The whole interval is below zero."""
    CANNOT_TELL = "cannot_tell"
    """Zero is in the interval, or an arm has nobody left: not enough data to tell."""
    UNEVEN_LOSS = "uneven_loss"
    """One arm lost more of its customers than chance would take: nothing can be concluded."""


class TooSmall(StrEnum):
    """Why a campaign is not worth starting."""

    FEW_BUYERS = "few_buyers"
    """So few are expected to buy in the smaller arm that intervals would not keep their word."""
    ONLY_DOUBLING = "only_doubling"
    """It would see nothing less than a doubling."""
    SHORT_PAST = "short_past"
    """The shop's orders do not go back far enough to tell what such a window brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSizes(Result):
    """Customers in each arm."""

    treated: int
    """Who is to be reached."""
    held_out: int
    """Who is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect(Result):
    """A difference between the treated and those held out."""

    difference: float
    """The treated's less the others': a share, or currency units per customer."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    coverage: Share
    """In how many of all campaigns such an interval holds the truth."""

    @property
    def verdict(self) -> Verdict:
        """What it says of zero."""
        if self.low > 0:
            return Verdict.MORE
        return Verdict.LESS if self.high < 0 else Verdict.CANNOT_TELL

    @property
    def width(self) -> float:
        """From end to end."""
        return self.high - self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectable(Result):
    """What a campaign of this size can show, with 80 % power at 5 %."""

    audience: ArmSizes
    """As they would be drawn."""
    usual_buying_share: Share
    """Of such customers, those who buy in a window of this length."""
    usual_spend: float
    """Mean spend of such customers in it, huge amounts limited; currency units."""
    spend_limit: float | None
    """What one customer's spend counts for at most, currency units; null where nobody buys."""
    smallest_buyers_effect: float | None
    """By how much more of them must buy, as a share of customers; null where nobody buys anyway,
    or where even everybody buying would not be seen."""
    smallest_spend_effect: float | None
    """By how much more a customer must spend on average, currency units; null where none does."""
    smallest_adjusted_spend_effect: float | None
    """The same with the forecast as covariate; null where its worth is not known yet."""
    customers_for_buyers: int | None
    """Customers in both arms that would show 5 % more buyers; null where nobody buys anyway."""
    customers_for_spend: int | None
    """Customers in both arms that would show 5 % more spend; null likewise."""
    customers_for_adjusted_spend: int | None
    """The same with the forecast as covariate; null where its worth is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMeans(Result):
    """Of one arm's customers, kinds of customers weighed as in both arms together."""

    buying_share: Share
    """Share who bought in the window."""
    spend: float
    """Mean spend in it, currency units."""
    limited_spend: float
    """The same with huge amounts limited."""
    forecast: float
    """Mean of what was forecast for them at the start, currency units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTold(Result):
    """One arm as it was counted."""

    drawn: int
    """Customers when the draw was made."""
    missing: int
    """Of them, those erased or gone from the shop since: they are not counted."""
    buyers: int
    """Of those counted, customers with a counted order in the window."""
    means: ArmMeans | None
    """Per customer counted; null where one of the arms has too few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEffect(Result):
    """The effect among the customers of one segment, as it was at the start."""

    segment_id: str
    """Means the same in every run."""
    counted: ArmSizes
    """Customers of the segment who are counted."""
    buyers: Effect
    """Its interval is wider the more segments are looked at (Bonferroni)."""
    spend: Effect
    """With the forecast as covariate and huge amounts limited; widened likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtIn(Result):
    """What the treated spent more than they would have, all together; currency units."""

    value: float
    """Effect times treated customers."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    cost: float | None
    """What the campaign cost; null where that was not given."""
    per_cost: float | None
    """Value for each unit of cost; null where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignEffects(Result):
    """What the treated did beyond those held out, by intention to treat."""

    buyers: Effect
    """Share of buyers, by Newcombe's interval."""
    spend: Effect
    """Spend per customer, by Welch's interval with its skewness taken out; every cent counted."""
    adjusted_spend: Effect
    """The same with the forecast as covariate (CUPED), every cent counted."""
    limited_spend: Effect
    """Spend per customer, huge amounts limited."""
    limited_adjusted_spend: Effect
    """Limited, and with the forecast as covariate: what verdict and money rest on."""
    spend_limit: float | None
    """What one customer's spend counts for at most, fixed at the start; null where nothing is."""
    precision_gain: float | None
    """By what share of its width the forecast narrows the interval; null where it has none."""
    brought_in: BroughtIn
    """The last of them in money."""

    def of(self, goal: Goal) -> Effect:
        """Return the effect that the goal is about."""
        return self.buyers if goal is Goal.BUYERS else self.limited_adjusted_spend


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignAnswer(Result):
    """What a campaign brought, from the shop's own orders."""

    final: bool
    """Whether it is of the whole window; false of a look before it closed, and where somebody
    closed it early: such a look finds effects that are none more often than its intervals say."""
    counted_at: datetime
    """The instant up to which orders and refunds were known."""
    goal: Goal
    """What the verdict is about."""
    verdict: Verdict
    """Of the goal's effect; spend is the adjusted one with huge amounts limited."""
    treated: ArmTold
    """Who was to be reached."""
    held_out: ArmTold
    """Who was not."""
    effects: CampaignEffects | None
    """What they differ by; null where one of the arms has too few customers."""
    segments: tuple[SegmentEffect, ...]
    """By segment at the start, those that are large enough in both arms."""
    ratio_p_value: float | None
    """How likely so uneven a loss of customers is by chance; null where nobody is missing."""
    balance: Mapping[str, float]
    """Difference of what was known before the start, in standard deviations, by number."""
