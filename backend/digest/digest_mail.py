"""A digest as a mail: plain text, and the same as HTML; imported when one is sent."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from jinja2 import PackageLoader

from backend.core.visible import visible
from backend.digest.attached_report import AttachedReport
from backend.digest.told_digest import DigestItem, DigestLink, ToldDigest
from backend.report.templates import templates
from backend.wording import digest_sentences as words

WIDTH = 72
# Longer ones are cut by who lists mails.
LONGEST_SUBJECT = 150


_environment = templates(PackageLoader("backend", "digest"))


def digest_mail(
    told: ToldDigest,
    *,
    sender: str,
    recipients: Sequence[str],
    run_id: str,
    at: datetime,
    report: AttachedReport | None = None,
) -> EmailMessage:
    """Write the mail.

    Parameters
    ----------
    told
        What it says.
    sender, recipients
        Bare addresses.
    run_id
        Whose digest it is: another try for the same run is the same mail to whoever gets both.
    at
        Aware; when it is sent.
    report
        What is attached; None: nothing.
    """
    mail = EmailMessage()
    mail["Subject"] = visible(told.headline)[:LONGEST_SUBJECT]
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<digest-{run_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(as_text(told), cte="quoted-printable")
    mail.add_alternative(as_html(told), subtype="html", cte="quoted-printable")
    if report is not None:
        mail.add_attachment(report.page, subtype="html", filename=report.name, cte="base64")
    return mail


def as_html(told: ToldDigest) -> str:
    """Write it as a page that loads nothing."""
    return _environment.get_template("digest.html").render(told=told, words=words)


def as_text(told: ToldDigest) -> str:
    """Write it in lines."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: ToldDigest) -> Iterator[str]:
    yield from _wrapped(told.headline)
    yield from _linked(told.see_who)
    yield ""
    yield from _wrapped(" ".join(told.sentences))
    for one in told.figures:
        yield ""
        yield from _wrapped(f"{one.name}: {one.figure}")
        yield from _wrapped(one.beside, "  ")
    yield from _items(words.WORTH_DOING, told.worth_doing)
    yield from _items(words.MOST_AT_RISK, told.people)
    if told.notes:
        yield from ("", visible(words.ABOUT_THE_DATA))
        for note in told.notes:
            yield from _wrapped(f"- {note}", hanging="  ")
    yield ""
    for link in told.links:
        yield f"{link.name}: {link.address}"
    yield ""
    yield from _wrapped(words.WHY_YOU)


def _items(name: str, items: Sequence[DigestItem]) -> Iterator[str]:
    if items:
        yield from ("", name)
    for one in items:
        yield from _wrapped(f"- {one.title}: {one.money}", hanging="  ")
        yield from _wrapped(one.about, "  ")
        yield from _linked(one.link, "  ")


def _linked(link: DigestLink | None, indent: str = "") -> Iterator[str]:
    if link is not None:
        yield f"{indent}{link.name}: {link.address}"


def _wrapped(text: str, indent: str = "", hanging: str | None = None) -> list[str]:
    """Break a text into lines; what would be a line or a sign of its own is shown as what it is."""
    return textwrap.wrap(
        visible(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
    )
