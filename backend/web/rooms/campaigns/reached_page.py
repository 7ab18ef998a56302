"""Who is to be reached by a campaign, as a value. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlencode

from backend.web.customer_table import (
    ColumnHead,
    CustomerLine,
    columns_of,
    customer_line,
    plain_heads,
)
from backend.web.rooms.campaigns.campaigns_page import link_to
from backend.web.rooms.campaigns.campaigns_reads import TreatedSeen
from backend.wording import campaigns_room_sentences as words


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedPage:
    """Some of those who are to be reached.

    Attributes
    ----------
    title
        How many they are, and who is not among them.
    link, csv
        Of their campaign, and of all of them as a file.
    following, beginning
        Other pages of them; None where there is none.
    """

    name: str
    title: str
    link: str
    csv: str
    heads: Sequence[ColumnHead]
    lines: Sequence[CustomerLine]
    following: str | None
    beginning: str | None


def reached_page(
    seen: TreatedSeen, campaign_id: str, zone: tzinfo, *, is_first: bool
) -> ReachedPage:
    """Show who is to be reached.

    Parameters
    ----------
    seen
        What was read.
    campaign_id
        Whose they are.
    zone
        The shop's time zone, in which days are told.
    is_first
        Whether this is the first page of them.
    """
    link, columns = link_to(campaign_id), columns_of(seen.fields)
    more = seen.next_cursor and f"{link}/treated?{urlencode({'cursor': seen.next_cursor})}"
    return ReachedPage(
        name=seen.name,
        title=words.treated_told(seen.total, seen.missing, seen.held_out),
        link=link,
        csv=f"{link}/treated/csv",
        heads=plain_heads(columns),
        lines=[customer_line(one, columns, zone) for one in seen.rows],
        following=more,
        beginning=None if is_first else f"{link}/treated",
    )
