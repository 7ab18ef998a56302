"""What a digest says, and that what others wrote stays text in it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from backend.core.customer_id import CustomerId
from backend.digest.digest_mail import as_html, as_text, digest_mail
from backend.digest.told_digest import DigestSeen, told_digest
from backend.results.customer_filter import CustomerFilter
from backend.results.customer_numbers import CustomerNumbers
from backend.results.outlook import Outlook, RunBefore, SegmentMoney
from backend.results.segment import Segment
from backend.segments.who_moved import who_moved
from backend.shop.customers import Customer
from backend.store.stored import REPORT
from tests.shops import AS_OF
from tests.store.stored_results import text_of
from tests.store.test_publish import segment

HOSTILE = (
    "<img src=x onerror=\"document.title='taken'\">\r\nBcc: eve@example.org\n\n{{ 7*7 }}\u202e"
)
SHOWN = "<img src=x onerror=\"document.title='taken'\">"
PAGES = "https://intelligence.example.org"


def seen(quiet: int = 41, *, name: str = "Slipping Regulars", currency: str = "EUR") -> DigestSeen:
    """Two segments, one of those who went quiet."""
    report = REPORT.read(text_of("typed", "report"))
    parts: Sequence[Segment] = [
        replace(segment("slipping_light", 90), name=name),
        replace(segment("regular_repeat", 60), name="Regulars"),
    ]
    return DigestSeen(
        report=replace(report, segments=tuple(parts), currency=currency),
        outlook=Outlook(
            money=(
                money("slipping_light", 4000.0, 18_200.4),
                money("regular_repeat", 9000.0, 50.0),
            ),
            moved=who_moved([], quiet, 18_200.4),
            before=RunBefore(as_of=AS_OF.replace(month=5), revenue_at_risk=18_000.0),
        ),
        quiet=CustomerFilter(segment=("slipping_light",), moved_since=AS_OF),
    )


def money(segment_id: str, expected: float, at_risk: float) -> SegmentMoney:
    return SegmentMoney(
        segment_id=segment_id,
        historical_revenue=1.0,
        expected_revenue=expected,
        revenue_at_risk=at_risk,
    )


def mailed(of: DigestSeen) -> EmailMessage:
    told = told_digest(of, UTC, PAGES)
    return digest_mail(
        told, sender="from@example.org", recipients=("to@example.org",), run_id="a1", at=AS_OF
    )


def test_it_begins_with_who_went_quiet_and_leads_to_them() -> None:
    text = as_text(told_digest(seen(), UTC, PAGES))
    first, second, *rest = text.splitlines()
    assert first == "41 customers went quiet: 18,200\N{NO-BREAK SPACE}EUR at risk with them."
    link = urlsplit(second.removeprefix("See who went quiet: "))
    assert (link.scheme, link.netloc, link.path) == (
        "https",
        "intelligence.example.org",
        "/app/customers",
    )
    assert parse_qs(link.query)["segment"] == ["slipping_light"]
    assert "Expected revenue: 13,000\N{NO-BREAK SPACE}EUR" in rest
    assert "At risk: 18,250\N{NO-BREAK SPACE}EUR" in rest
    assert "  up 250\N{NO-BREAK SPACE}EUR since 1 May 2024" in rest
    assert "- Win back Slipping Regulars: 18,200\N{NO-BREAK SPACE}EUR at risk" in rest
    assert f"  See the 90: {PAGES}/app/customers?segment=slipping_light" in rest
    assert f"Read Today: {PAGES}/app" in rest
    assert max(len(line) for line in rest if "http" not in line) <= 72


def test_without_an_address_of_the_pages_there_are_no_links() -> None:
    told = told_digest(seen(), UTC, None)
    assert "http" not in as_text(told)
    assert "<a " not in as_html(told)


def test_customers_are_named_with_what_is_at_risk_where_they_are_given() -> None:
    ada, nobody = CustomerId("7"), CustomerId("a/b")
    people = [
        (
            replace(CustomerNumbers.unknown(ada), value_at_risk=Decimal(812)),
            Customer(ada, None, "Ada", None),
        ),
        (replace(CustomerNumbers.unknown(nobody), value_at_risk=Decimal(60)), None),
    ]
    text = as_text(told_digest(replace(seen(), most_at_risk=people), UTC, PAGES))
    assert "- Ada: 812\N{NO-BREAK SPACE}EUR at risk" in text
    assert "- a/b: 60.00\N{NO-BREAK SPACE}EUR at risk" in text
    assert f"{PAGES}/app/customer?id=a%2Fb" in text
    assert "812" not in as_text(told_digest(seen(), UTC, PAGES))


def test_a_mail_has_both_forms_and_is_the_same_mail_each_time_it_is_tried() -> None:
    mail = mailed(seen())
    assert mail["Message-ID"] == "<digest-a1@example.org>"
    assert (mail["From"], mail["To"]) == ("from@example.org", "to@example.org")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("what", [{"name": HOSTILE}, {"currency": HOSTILE}])
def test_no_name_of_others_adds_a_header_or_a_line(what: dict[str, str]) -> None:
    mail = mailed(seen(**what))  # type: ignore[arg-type]
    written = mail.as_bytes()
    assert mail["Bcc"] is None
    head, _, body = written.partition(b"\n\n")
    assert b"\nBcc" not in head
    assert sorted(mail.keys()) == sorted(mailed(seen()).keys())
    text = mail.get_body(("plain",))
    assert text is not None
    told = text.get_content()
    # On one line, but for where lines are full, and with what cannot be seen written out.
    assert f"{SHOWN} Bcc: eve@example.org {{{{ 7*7 }}}}\\u202e" in " ".join(told.split())
    assert "\u202e" not in told
    assert body


@pytest.mark.external
@pytest.mark.parametrize("width", [360, 1440])
def test_hostile_names_are_text_in_a_browser_and_nothing_is_asked_for(
    browser: Chrome, tmp_path: Path, width: int
) -> None:
    page = tmp_path / "digest.html"
    told = told_digest(seen(name=HOSTILE, currency="<b>EUR</b>"), UTC, PAGES)
    page.write_text(as_html(told), encoding="utf-8")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    body = browser.find_element(By.TAG_NAME, "body")
    assert SHOWN in body.text
    assert "<b>EUR</b>" in body.text
    assert "41 customers went quiet" in browser.title
    assert browser.find_elements(By.TAG_NAME, "img") == []
    wide = browser.execute_script(
        "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
    )
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide == 0
