"""What each segment brought and is to bring, as a table with its total."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.results.outlook import Outlook, SegmentMoney
from backend.results.segment import Segment
from backend.wording.money import money_or_dash
from backend.wording.report_sentences import ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRow:
    """A segment, or all of them; amounts as they are read."""

    id: str
    name: str
    customers: str
    brought: str
    expected: str
    at_risk: str


def money_by_segment(segments: Sequence[Segment], outlook: Outlook) -> list[MoneyRow]:
    """Return a row for each segment that has ordered, and one for all of them."""
    money = {one.segment_id: one for one in outlook.money}
    rows = [_row(one, money[one.id]) for one in segments if one.id in money]
    return [*rows, _total(segments, outlook)] if rows else []


def _row(segment: Segment, money: SegmentMoney) -> MoneyRow:
    return MoneyRow(
        id=segment.id,
        name=segment.name,
        customers=f"{segment.customer_count:,}",
        brought=money_or_dash(money.historical_revenue, None),
        expected=money_or_dash(money.expected_revenue, None),
        at_risk=money_or_dash(money.revenue_at_risk, None),
    )


def _total(segments: Sequence[Segment], outlook: Outlook) -> MoneyRow:
    return MoneyRow(
        id="",
        name=ALL,
        customers=f"{sum(one.customer_count for one in segments):,}",
        brought=money_or_dash(outlook.brought, None),
        expected=money_or_dash(outlook.expected, None),
        at_risk=money_or_dash(outlook.at_risk, None),
    )
