"""A digest as a value: its sentences and links, made from a run's report. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlencode

from backend.report.told_today import KeyFigure, WorthDoing, told_today
from backend.results.customer_filter import CustomerFilter
from backend.results.customer_numbers import CustomerNumbers
from backend.results.outlook import Outlook
from backend.results.run_report import RunReport
from backend.shop.customers import Customer
from backend.web.entrance import APP
from backend.web.list_links import customers_link
from backend.wording import digest_sentences as words
from backend.wording import today_sentences as today
from backend.wording.money import rounded_money


@dataclass(frozen=True, slots=True)
class DigestLink:
    """What to click, and where that leads."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class DigestItem:
    """Something worth doing, or somebody; `link` is None where there is no address of pages."""

    title: str
    money: str
    about: str
    link: DigestLink | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDigest:
    """All that a digest says, in the order in which it is read."""

    headline: str
    sentences: Sequence[str]
    see_who: DigestLink | None
    figures: Sequence[KeyFigure]
    worth_doing: Sequence[DigestItem]
    people: Sequence[DigestItem]
    notes: Sequence[str]
    links: Sequence[DigestLink]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSeen:
    """What a digest is told from.

    Attributes
    ----------
    quiet
        The list of those who went quiet with the run.
    most_at_risk
        Some of them, those with most at risk first, and who they are; empty unless asked for.
    """

    report: RunReport
    outlook: Outlook
    quiet: CustomerFilter
    most_at_risk: Sequence[tuple[CustomerNumbers, Customer | None]] = ()


def told_digest(seen: DigestSeen, zone: tzinfo, public_url: str | None) -> ToldDigest:
    """Tell of one run.

    Parameters
    ----------
    seen
        What was read.
    zone
        The shop's time zone, in which days are told.
    public_url
        Where people reach the pages; None: there are no links.
    """
    report, to = seen.report, _Linked(public_url)
    told = told_today(report, seen.outlook, report.segments, zone)
    run = f"{APP}/runs/{report.run_id}/report"
    links = [to.page(words.READ_TODAY, APP), to.page(words.READ_REPORT, run)]
    return ToldDigest(
        headline=told.headline,
        sentences=[one for one in (told.by_border, told.since, told.others) if one],
        see_who=to.page(words.SEE_WHO, customers_link(seen.quiet)) if told.is_of_quiet else None,
        figures=told.figures,
        worth_doing=[_worth_doing(one, to) for one in told.worth_doing],
        people=[_person(*one, report.currency, to) for one in seen.most_at_risk],
        notes=told.notes,
        links=[one for one in links if one],
    )


@dataclass(frozen=True, slots=True)
class _Linked:
    """Makes links to pages, as far as it is known where these are."""

    public_url: str | None

    def page(self, name: str, path: str) -> DigestLink | None:
        return None if self.public_url is None else DigestLink(name, self.public_url + path)


def _worth_doing(told: WorthDoing, to: _Linked) -> DigestItem:
    people = customers_link(CustomerFilter(segment=(told.segment.id,)))
    link = to.page(today.see_the(told.segment.customer_count), people)
    return DigestItem(told.title, told.money, told.about, link)


def _person(
    numbers: CustomerNumbers, customer: Customer | None, currency: str | None, to: _Linked
) -> DigestItem:
    named = customer and " ".join(filter(None, (customer.first_name, customer.last_name)))
    customer_id = str(numbers.customer_id)
    page = f"{APP}/customer?{urlencode({'id': customer_id})}"
    money = rounded_money(float(numbers.value_at_risk or 0), currency)
    return DigestItem(
        title=named or customer_id,
        money=words.at_risk(money),
        about="",
        link=to.page(words.SEE_CUSTOMER, page),
    )
