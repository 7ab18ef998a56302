"""One digest for each run that is published: however many send, and whatever the server says."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, update

from backend.assembly.run_settings import digest_settings
from backend.core.glossary import Undelivered
from backend.core.settings import IsolatedSettings
from backend.database.engine import opened, transaction
from backend.digest.deliver import deliver_due, opened_for_digests
from backend.digest.digest_settings import DigestSettings
from backend.report import render_report
from backend.store import read_report, runs
from backend.store.digests import CUT_SHORT_AFTER, Digest, read_digest
from backend.store.tables import customer_intelligence, digests, segment_changes
from backend.store.tables import runs as runs_table
from tests.conftest import NewDatabase, execute
from tests.databases import wait_for
from tests.live import ADMIN_KEY, command, serving
from tests.mail_server import mail_server
from tests.performed import clustered_shop, perform_once
from tests.services import free_port
from tests.shops import AS_OF, VARIABLES, fill, invented
from tests.store.test_outlook_of_run import two_runs
from tests.waiting import wait_until
from tests.web.browsing import entered
from tests.web.test_segments import texts

TO = "ada@example.org,bob@example.org"
PAGES = "https://intelligence.example.org"
AT_ONCE = [timedelta()] * 3


def settings(
    url: str, port: int, waits: Sequence[timedelta] = AT_ONCE, **more: Any
) -> DigestSettings:
    named = {name.lower(): value for name, value in VARIABLES.items()}
    said = IsolatedSettings.load(
        database_url=url,
        api_key="key",
        admin_api_key=ADMIN_KEY,
        digest_to=TO,
        smtp_url=f"smtp://127.0.0.1:{port}",
        public_url=f"{PAGES}/",
        **named,
        **more,
    )
    how = digest_settings(said)
    assert how is not None
    return replace(how, waits=waits)


async def delivered(how: DigestSettings) -> timedelta | None:
    async with opened_for_digests(how) as engine:
        return await deliver_due(engine, how)


async def digest_of_served(url: str) -> Digest | None:
    async with opened(url) as engine, transaction(engine) as connection:
        published = await runs.published(connection)
        assert published is not None
        return await read_digest(connection, published.run_id)


async def became(url: str) -> tuple[str, int, Undelivered | None, int | None]:
    digest = await digest_of_served(url)
    assert digest is not None
    return digest.state, digest.tries, digest.why_not, digest.reply


async def test_several_that_send_at_once_send_one_for_each_run(new_database: NewDatabase) -> None:
    url = new_database(clustered_shop)
    with mail_server() as server:
        how = settings(url, server.port)
        await asyncio.gather(*(delivered(how) for _ in range(4)))
        await delivered(how)
        assert len(server.mails) == 1
        await perform_once(url, as_of=AS_OF + timedelta(days=30))
        await asyncio.gather(*(delivered(how) for _ in range(4)))
    assert len(server.mails) == 2
    assert server.recipients == [["ada@example.org", "bob@example.org"]] * 2
    assert len({mail["Message-ID"] for mail in server.mails}) == 2
    assert await became(url) == ("sent", 1, None, None)


async def test_a_run_that_replaces_nothing_has_none(new_sqlite: NewDatabase) -> None:
    url = new_sqlite()
    await fill(url, invented(40))
    with mail_server() as server:
        how = settings(url, server.port)
        await perform_once(url, publish="never")
        await delivered(how)
    assert server.mails == []


async def test_what_was_published_long_ago_is_no_news(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(clustered_shop)
    await execute(url, "UPDATE intelligence_runs SET finished_at = '2024-06-01 00:00:00.000000'")
    with mail_server() as server:
        await delivered(settings(url, server.port))
    assert server.mails == []
    assert await digest_of_served(url) is None


async def test_what_may_pass_is_tried_again_and_no_more_often_than_said(
    new_sqlite: NewDatabase,
) -> None:
    url = new_sqlite(clustered_shop)
    with mail_server(replies={"MAIL": "451 later"}) as server:
        how = settings(url, server.port)
        for tries in (1, 2, 3):
            await delivered(how)
            assert await became(url) == ("due", tries, Undelivered.REFUSED, 451)
        server.replies = {}
        await delivered(how)
        assert len(server.mails) == 1
    assert await became(url) == ("sent", 4, None, None)


async def test_after_the_last_try_it_is_given_up(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(clustered_shop)
    how = settings(url, free_port(), AT_ONCE[:1])
    for _ in range(4):
        await delivered(how)
    assert await became(url) == ("not_sent", 2, Undelivered.UNREACHABLE, None)


async def test_it_is_not_tried_before_its_time(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(clustered_shop)
    how = settings(url, free_port(), [timedelta(hours=1)])
    assert await delivered(how) == timedelta(hours=1)
    assert await delivered(how) is None
    assert (await became(url))[:2] == ("due", 1)


async def test_what_is_refused_for_good_is_not_tried_again(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(clustered_shop)
    with mail_server(replies={"DATA": "554 no"}) as server:
        how = settings(url, server.port)
        await delivered(how)
        server.replies = {}
        await delivered(how)
    assert server.mails == []
    assert await became(url) == ("not_sent", 1, Undelivered.REFUSED, 554)


async def test_what_was_cut_short_is_not_sent_again(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(clustered_shop)
    with mail_server() as server:
        how = settings(url, server.port)
        await delivered(how)
        begun = await digest_of_served(url)
        assert begun is not None
        for since, state in ((CUT_SHORT_AFTER / 2, "sending"), (CUT_SHORT_AFTER * 2, "not_sent")):
            async with opened(url) as engine, transaction(engine) as connection:
                at = {"state": "sending", "at": begun.at - since}
                await connection.execute(update(digests).values(**at))
            await delivered(how)
            assert (await became(url))[0] == state
    assert len(server.mails) == 1
    assert (await became(url))[2] is Undelivered.INTERRUPTED


async def test_a_later_run_overtakes_one_that_waits(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(clustered_shop)
    waiting = settings(url, free_port(), [timedelta(days=1)])
    await delivered(waiting)
    overtaken = await digest_of_served(url)
    assert overtaken is not None
    await perform_once(url, as_of=AS_OF + timedelta(days=1))
    with mail_server() as server:
        await delivered(settings(url, server.port))
    assert len(server.mails) == 1
    async with opened(url) as engine, transaction(engine) as connection:
        was = await read_digest(connection, overtaken.run_id)
    assert was is not None
    assert (was.state, was.why_not) == ("not_sent", Undelivered.SUPERSEDED)


async def test_nobody_is_named_unless_that_is_asked_for(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(two_runs)
    await everybody_goes_quiet(url)
    for names_people in (False, True):
        await execute(url, "DELETE FROM intelligence_digests")
        with mail_server() as server:
            await delivered(settings(url, server.port, digest_people=names_people))
        (mail,) = server.mails
        told = " ".join(part.get_content() for part in mail.walk() if not part.is_multipart())
        known = [
            text for one in invented(80).customers for text in (one["email"], one["last_name"])
        ]
        assert any(text in told for text in known if text) == names_people
        assert "went quiet" in mail["Subject"]


async def test_the_report_goes_with_it_where_that_is_asked_for(new_sqlite: NewDatabase) -> None:
    url = new_sqlite(clustered_shop)
    attached: list[list[EmailMessage]] = []
    for asked_for in (False, True):
        await execute(url, "DELETE FROM intelligence_digests")
        with mail_server() as server:
            await delivered(settings(url, server.port, digest_report=asked_for))
        (mail,) = server.mails
        attached.append([*mail.iter_attachments()])
    async with opened(url) as engine:
        report = await read_report(engine, await runs.published_id(engine))
    assert report is not None
    nothing, (page,) = attached
    assert nothing == []
    assert page.get_content_type() == "text/html"
    assert page.get_filename() == f"report-{AS_OF:%Y-%m-%d}.html"
    assert page.get_content().splitlines() == render_report(report).splitlines()


async def everybody_goes_quiet(url: str) -> None:
    """Call a segment one of those who went quiet, and say that all came to it."""
    moved = update(segment_changes).values(
        from_segment_id="one_time", to_segment_id="slipping_repeat", changed_at=datetime.now(UTC)
    )
    there = update(customer_intelligence).values(archetype_id="slipping_repeat")
    told = func.replace(runs_table.c.report, '"repeat"', '"slipping_repeat"')
    told = func.replace(told, '"quiet": 0', '"quiet": 4')
    async with opened(url) as engine, transaction(engine) as connection:
        for statement in (moved, there, update(runs_table).values(report=told)):
            await connection.execute(statement)


def test_a_service_sends_what_today_says_and_a_run_outlives_a_mail_that_is_refused(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(fill(url, invented(60)))
    with mail_server() as server:
        variables = {
            "DIGEST_TO": TO,
            "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
            "PUBLIC_URL": PAGES,
        }
        with serving(url, tmp_path, variables=variables) as live:
            status = live.cluster(as_of=AS_OF.isoformat())
            wait_until(lambda: bool(server.mails), live.log.read_text)
            with entered(live) as client:
                today = client.get("/app").text
                wait_until(
                    lambda: "was sent on" in client.get(f"/app/runs/{status['run_id']}").text,
                    live.log.read_text,
                )
            assert server.mails[0]["Subject"] == texts(today, "h1")[0]
            server.replies = {"DATA": "554 your mail is unwanted, ada@example.org"}
            status = live.cluster(as_of=AS_OF.isoformat())
            assert status["state"] == "succeeded"
            refused = 'intelligence_digest_state{state="not_sent"} 1.0'
            wait_until(lambda: refused in live.get("/metrics").text, live.log.read_text)
            with entered(live) as client:
                page = client.get(f"/app/runs/{status['run_id']}").text
    assert "not sent: the mail server refused it (code 554)." in page
    assert len(server.mails) == 1
    log = [json.loads(line)["message"] for line in live.log.read_text().splitlines()]
    assert [one for one in log if one.startswith("digest")] == ["digest sent", "digest not sent"]
    assert "unwanted" not in live.log.read_text()
    assert "ada@example.org" not in live.log.read_text()


def test_the_command_sends_too_and_ends_well_where_it_cannot(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite()
    wait_for(fill(url, invented(40)))
    with mail_server() as server:
        variables = {"DIGEST_TO": TO, "SMTP_URL": f"smtp://127.0.0.1:{server.port}"}
        clustering = partial(command, url, tmp_path, "cluster", "--as-of", "2024-06-01")
        assert clustering(variables=variables).returncode == 0
        assert len(server.mails) == 1
        server.replies = {"MAIL": "550 never"}
        done = clustering(variables=variables)
    assert done.returncode == 0
    assert len(server.mails) == 1
    assert "digest not sent" in done.stderr
