"""JSON of campaigns: what is asked for, what they can show, how far they are, what they brought."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, create_model, field_validator

from backend.api.campaigns import example
from backend.api.fields import no_boolean, on_one_line
from backend.api.lists.list_query import parameter_of
from backend.api.lists.schema import ListedCustomer, OfOneRun
from backend.api.schema_root import Schema
from backend.results.campaign import CampaignState, Detectable, Goal
from backend.results.campaign_life import Campaign, CampaignDrawn, CampaignWanted, CountedAnswer
from backend.results.customer_filter import CONDITIONS
from backend.wording.campaign_sentences import campaign_sentences

LONGEST_NAME, MOST_DAYS, HIGHEST_COST = 255, 365, 1e12
LEAST_SHARE, LARGEST_SHARE = 0.05, 0.5
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]
Cost = Annotated[float, Field(ge=0, le=HIGHEST_COST, allow_inf_nan=False)]


class _OnlyConditions(Schema):
    """Who is in a campaign: what lists may be asked for, and nothing else."""

    model_config = ConfigDict(extra="forbid")

    _no_booleans = field_validator("*", mode="before")(no_boolean)


CampaignFilter: Any = create_model(
    "CampaignFilter",
    __base__=_OnlyConditions,
    __doc__="Who is in a campaign: the conditions of lists; without any, every customer.",
    **{one.name: parameter_of(one) for one in CONDITIONS},
)


class CampaignRequest(Schema):
    """A campaign that is to be described."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": example.WANTED})

    name: Annotated[str, AfterValidator(on_one_line)] = Field(
        min_length=1, max_length=LONGEST_NAME, description="What people call it"
    )
    filter: CampaignFilter = Field(
        default_factory=CampaignFilter,
        description="Who is in it: conditions of lists, by their names",
    )
    holdout_share: float = Field(
        ge=LEAST_SHARE, le=LARGEST_SHARE, description="Of its customers that are held out"
    )
    window_days: Days | None = Field(
        description="So many days from its start on what its customers buy is counted; null: until "
        "it is closed, which is a global holdout"
    )
    goal: Goal = Field(description="What it is to bring: more buyers, or more spend")
    cost: Cost | None = Field(
        default=None, description="Of the whole campaign, currency units; null where not known"
    )

    _no_booleans = field_validator("holdout_share", "window_days", "cost", mode="before")(
        no_boolean
    )

    def as_wanted(self) -> CampaignWanted:
        """Return what is kept."""
        said = self.filter.model_dump(mode="json")
        return CampaignWanted(
            name=self.name,
            chosen={name: value for name, value in said.items() if value not in (None, [])},
            holdout_share=self.holdout_share,
            window_days=self.window_days,
            goal=self.goal,
            cost=self.cost,
        )


class CampaignView(Schema):
    """A campaign: what it can show, how far it is, what it brought."""

    model_config = ConfigDict(json_schema_extra={"example": example.CAMPAIGN})

    id: str = Field(description="Its id")
    name: str = Field(description="What people call it")
    state: CampaignState = Field(
        description="draft: nobody is drawn; running: drawn, and not counted for good; closed: "
        "counted for good; abandoned: given up"
    )
    filter: Mapping[str, Any] = Field(description="Who is in it: conditions of lists")
    holdout_share: float = Field(description="Of its customers that are held out")
    window_days: int | None = Field(description="Null: until it is closed")
    goal: Goal = Field(description="What it is to bring")
    cost: float | None = Field(description="Of the whole campaign; null where not known")
    created_at: datetime = Field(description="When it was described")
    promise: Detectable = Field(
        description="What it can show: as of its draft, once it runs as of its start"
    )
    already_held_out: int = Field(
        description="Who meets its conditions and is in neither arm: another holds them out"
    )
    drawn: CampaignDrawn | None = Field(description="What its start settled; null before")
    closes_at: datetime | None = Field(
        description="When its window closes, or closed; null before its start and without end"
    )
    window_is_cut: bool = Field(
        description="Whether somebody closed it before its window was over: all answers are early "
        "looks, `final` false"
    )
    settles_at: datetime | None = Field(
        description="From then on the next run counts it for good: refunds of its window are known"
    )
    ended_at: datetime | None = Field(description="Since when it holds nobody out; null before")
    letting_go_since: datetime | None = Field(
        description="Since when it lets go of the many it held out, some thousands at a time: "
        "until they are, they have held_out_until; null: of nobody"
    )
    answers: list[CountedAnswer] = Field(
        description="What was counted, the last first: by each run before the window closes (look: "
        "not to be decided by), by the first that knows it whole (at_close), and by the first "
        "fourteen days later (settled)"
    )
    sentences: list[str] = Field(description="The same in words")

    @classmethod
    def of(cls, campaign: Campaign, currency: str | None) -> Self:
        """Write a campaign; its sentences say amounts in the shop's currency, where it is known."""
        wanted = campaign.wanted
        return cls(
            id=campaign.id,
            name=wanted.name,
            state=campaign.state,
            filter=wanted.chosen,
            holdout_share=wanted.holdout_share,
            window_days=wanted.window_days,
            goal=wanted.goal,
            cost=wanted.cost,
            created_at=campaign.created_at,
            promise=campaign.promise,
            already_held_out=campaign.already_held_out,
            drawn=campaign.drawn,
            closes_at=campaign.closes_at,
            window_is_cut=campaign.window_is_cut,
            settles_at=campaign.settles_at,
            ended_at=campaign.ended_at,
            letting_go_since=campaign.letting_go_since,
            answers=campaign.latest_first,
            sentences=campaign_sentences(campaign, currency),
        )


class UnreadableCampaign(Schema):
    """A campaign of which a newer version stored something that this one cannot read."""

    model_config = ConfigDict(json_schema_extra={"example": example.UNREADABLE})

    id: str = Field(description="Its id")
    name: str = Field(description="What people call it")
    why: str = Field(description="What cannot be read, and what to do")


class CampaignList(Schema):
    """Campaigns, the newest first."""

    model_config = ConfigDict(json_schema_extra={"example": example.CAMPAIGNS})

    campaigns: list[CampaignView] = Field(description="The newest first")
    unreadable: list[UnreadableCampaign] = Field(
        description="Those of this page that a newer version wrote, and this one cannot tell of"
    )
    next_cursor: str | None = Field(description="Asks for the next page; null after the last")


class TreatedCustomers(OfOneRun):
    """Those who were drawn to be reached, as they are served now."""

    model_config = ConfigDict(json_schema_extra={"example": example.TREATED})

    customers: list[ListedCustomer] = Field(description="By id, ascending by code points")
    total: int = Field(description="Who can be reached, in all pages")
    held_out: int = Field(
        description="Who was drawn to be reached and is held out by another campaign since: they "
        "are left out"
    )
    missing: int = Field(description="Who was drawn to be reached, and was erased or left the shop")
    next_cursor: str | None = Field(description="Asks for the next page; null after the last")
