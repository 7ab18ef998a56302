"""Campaigns as an operator meets them: described, drawn, reached, ended."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.database.engine import opened, transaction
from backend.run.letter import letter
from backend.run.releaser import Releaser
from backend.store.letting_go import MOST_AT_ONCE
from backend.store.webhook_rows import get_webhook
from tests.campaign_shop import CAMPAIGNS, THEN, WANTED, asked, campaign_shop, described, started
from tests.conftest import NewDatabase, execute, on_one_kind, takes_its_turn, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import config_of, performed
from tests.shops import AS_OF
from tests.store.test_outbox import told


@pytest.fixture
def live(new_database: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    with serving(new_database(campaign_shop), tmp_path, variables=THEN) as service:
        yield service


def rows(live: Live, statement: str, **values: Any) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        async with opened(live.url) as engine, engine.connect() as connection:
            found = await connection.execute(text(statement), values)
            return [dict(row) for row in found.mappings()]

    return wait_for(read())


def drawn(live: Live, campaign: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return who was drawn to be reached, and who is held out, past the API."""
    statement = "SELECT * FROM intelligence_campaign_members WHERE campaign_id = :id"
    found = rows(live, statement, id=campaign["id"])
    arms = [{row["customer_id"] for row in found if row["is_held_out"] == arm} for arm in (0, 1)]
    return arms[0], arms[1]


def held_out(live: Live) -> set[str]:
    statement = "SELECT customer_id FROM customer_intelligence WHERE held_out_until IS NOT NULL"
    return {str(row["customer_id"]) for row in rows(live, statement)}


def treated(live: Live, campaign: dict[str, Any], limit: int = 1000) -> list[dict[str, Any]]:
    pages = [asked(live, "GET", f"/{campaign['id']}/treated?limit={limit}").json()]
    while (cursor := pages[-1]["next_cursor"]) is not None:
        path = f"/{campaign['id']}/treated?limit={limit}&cursor={cursor}"
        pages.append(asked(live, "GET", path).json())
    return pages


def ids(pages: list[dict[str, Any]]) -> list[str]:
    return [one["customer_id"] for page in pages for one in page["customers"]]


def test_a_campaign_goes_from_its_draft_to_a_draw_that_is_served(live: Live) -> None:
    draft = described(live)
    assert (draft["state"], draft["drawn"], draft["answers"]) == ("draft", None, [])
    (count,) = rows(live, "SELECT COUNT(*) AS n FROM customer_intelligence WHERE frequency >= 1")
    arms = draft["promise"]["audience"]
    assert arms["treated"] + arms["held_out"] == count["n"]
    assert held_out(live) == set()
    assert asked(live, "GET", f"/{draft['id']}/treated").status_code == 409
    campaign = asked(live, "POST", f"/{draft['id']}/start").json()
    assert campaign["state"] == "running"
    arms = campaign["drawn"]["arms"]
    assert arms["treated"] + arms["held_out"] == count["n"]
    assert abs(arms["held_out"] - 0.3 * count["n"]) < 1
    assert campaign["drawn"]["spend_limit"] == campaign["promise"]["spend_limit"]
    reached, others = drawn(live, campaign)
    assert (len(reached), len(others)) == (arms["treated"], arms["held_out"])
    assert held_out(live) == others
    pages = treated(live, campaign, limit=250)
    assert sorted(ids(pages)) == sorted(reached)
    assert ids(pages) == sorted(ids(pages))
    assert {page["total"] for page in pages} == {len(reached)}
    again = asked(live, "POST", f"/{draft['id']}/start")
    assert (again.status_code, again.json()["state"]) == (409, "running")
    assert drawn(live, campaign) == (reached, others)
    audited = [row["action"] for row in rows(live, "SELECT action FROM intelligence_audit")]
    assert audited == ["campaign_created", "campaign_started"]


@takes_its_turn
def test_each_segment_gives_its_share_to_those_who_are_held_out(live: Live) -> None:
    campaign = started(live)
    statement = "SELECT * FROM intelligence_campaign_members WHERE campaign_id = :id"
    members = rows(live, statement, id=campaign["id"])
    sizes = Counter(row["segment_id"] for row in members)
    out = Counter(row["segment_id"] for row in members if row["is_held_out"])
    strata = {row["stratum"] for row in members}
    assert len(strata) > len(sizes) / 2
    for segment, size in sizes.items():
        assert abs(out[segment] - 0.3 * size) <= 2, segment
    served = rows(live, "SELECT customer_id, predicted_value FROM customer_intelligence")
    value = {str(row["customer_id"]): row["predicted_value"] for row in served}
    assert {row["customer_id"]: row["predicted_value"] for row in members} == {
        row["customer_id"]: value[row["customer_id"]] for row in members
    }


def test_who_one_campaign_holds_out_no_other_reaches(live: Live) -> None:
    first = started(live, name="First")
    _, others = drawn(live, first)
    second = started(live, name="Second")
    assert second["already_held_out"] == len(others)
    reached, out = drawn(live, second)
    assert (reached | out).isdisjoint(others)
    assert held_out(live) == others | out
    pages = treated(live, first)
    assert set(ids(pages)).isdisjoint(out | others)
    assert pages[0]["held_out"] == len(out & drawn(live, first)[0])
    assert pages[0]["missing"] == 0
    csv_answer = asked(live, "GET", f"/{first['id']}/treated?format=csv&fields=email")
    told = list(csv.DictReader(io.StringIO(csv_answer.text)))
    assert [row["customer_id"] for row in told] == ids(pages)
    assert csv_answer.headers["X-Held-Out"] == str(pages[0]["held_out"])
    assert {row["email"] for row in told} == {
        f"person{row['customer_id']}@example.com" for row in told
    }


@takes_its_turn
def test_runs_keep_the_draw_until_the_window_is_over(live: Live) -> None:
    campaign = started(live, window_days=90)
    _, others = drawn(live, campaign)
    closes_at = datetime.fromisoformat(campaign["closes_at"])
    assert closes_at == AS_OF + timedelta(days=90)
    performed(live, as_of=AS_OF)
    assert held_out(live) == others
    profile = live.get(f"/api/mcp/customers/{min(others)}").json()
    assert datetime.fromisoformat(profile["held_out_until"]) == closes_at
    performed(live, as_of=AS_OF + timedelta(days=90))
    assert held_out(live) == set()
    ended = asked(live, "GET", f"/{campaign['id']}").json()
    assert datetime.fromisoformat(ended["ended_at"]) == closes_at
    assert asked(live, "POST", f"/{campaign['id']}/close").status_code == 409


@takes_its_turn
def test_a_campaign_without_end_holds_out_until_somebody_closes_it(live: Live) -> None:
    campaign = started(live, window_days=None)
    _, others = drawn(live, campaign)
    assert campaign["closes_at"] is None
    profile = live.get(f"/api/mcp/customers/{min(others)}").json()
    assert datetime.fromisoformat(profile["held_out_until"]) == datetime(9999, 12, 31, tzinfo=UTC)
    performed(live, as_of=AS_OF + timedelta(days=400))
    assert held_out(live) == others
    closed = asked(live, "POST", f"/{campaign['id']}/close").json()
    assert closed["closes_at"] == closed["ended_at"]
    assert held_out(live) == set()


@takes_its_turn
def test_a_campaign_that_is_given_up_holds_nobody_out(live: Live) -> None:
    first, second = started(live, name="First"), described(live, name="Second")
    for one in (first, second):
        answer = asked(live, "POST", f"/{one['id']}/abandon").json()
        assert answer["state"] == "abandoned"
        assert asked(live, "POST", f"/{one['id']}/abandon").status_code == 409
        assert asked(live, "POST", f"/{one['id']}/start").status_code == 409
    assert held_out(live) == set()


@takes_its_turn
def test_who_is_erased_is_in_no_list_and_counted_as_missing(live: Live) -> None:
    campaign = started(live)
    reached, others = (min(arm) for arm in drawn(live, campaign))
    for one in (reached, others):
        path = f"/api/admin/customers/{one}"
        assert live.client.delete(path, headers={"X-API-Key": ADMIN_KEY}).status_code == 204
    assert {one for arm in drawn(live, campaign) for one in arm}.isdisjoint({reached, others})
    pages = treated(live, campaign)
    assert reached not in ids(pages)
    assert pages[0]["missing"] == 1
    assert asked(live, "GET", f"/{campaign['id']}").json()["drawn"] == campaign["drawn"]


@takes_its_turn
def test_who_is_held_out_has_moved_for_those_who_copy_lists(live: Live) -> None:
    before = {
        row["customer_id"]: row["changed_at"]
        for row in rows(live, "SELECT customer_id, changed_at FROM customer_intelligence")
    }
    campaign = started(live)
    _, others = drawn(live, campaign)
    after = rows(live, "SELECT customer_id, changed_at FROM customer_intelligence")
    moved = {
        str(row["customer_id"]) for row in after if before[row["customer_id"]] != row["changed_at"]
    }
    assert moved == others


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"filter": {"min_frequency": 1, "min_ltv": 5000}}, "few_buyers"),
        ({"filter": {"min_frequency": 1000}}, "few_buyers"),
        ({"window_days": 1, "holdout_share": 0.05}, "few_buyers"),
    ],
)
def test_what_would_show_nothing_is_refused_with_its_reason(
    refusing: Live, changes: dict[str, Any], reason: str
) -> None:
    answer = asked(refusing, "POST", json={**WANTED, **changes})
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["reason"], problem["title"]) == (reason, "Unprocessable Content")
    nobody = "Nobody meets its conditions who is not held out already: there is nobody to draw."
    assert (problem["detail"] == nobody) == (problem["audience"] == 0)
    told = asked(refusing, "GET").json()
    assert told == {"campaigns": [], "unreadable": [], "next_cursor": None}


@takes_its_turn
def test_a_window_longer_than_the_shops_past_is_refused_whoever_is_in_it(live: Live) -> None:
    latest = "SELECT customer_id, max(id) AS id FROM orders GROUP BY customer_id"
    kept = ", ".join(str(row["id"]) for row in rows(live, latest))
    yesterday = (AS_OF - timedelta(days=1)).replace(tzinfo=None)
    wait_for(execute(live.url, f"DELETE FROM orders WHERE id NOT IN ({kept})"))
    wait_for(execute(live.url, f"UPDATE orders SET created_at = '{yesterday}'"))
    wait_for(execute(live.url, "DELETE FROM customer_intelligence WHERE frequency = 0"))
    answer = asked(live, "POST", json=WANTED)
    assert (answer.status_code, answer.json()["reason"]) == (422, "short_past")
    assert answer.json()["buyers_expected"] is None
    assert "Fewer than 20 customers had ordered 90 days ago" in answer.json()["detail"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "\0"},
        {"name": "\u200b"},
        {"name": "\u3164 \u2800"},
        {"holdout_share": 0.04},
        {"holdout_share": 0.51},
        {"window_days": 0},
        {"window_days": 366},
        {"goal": "clicks"},
        {"cost": -1},
        {"cost": False},
        {"filter": {"min_frequency": True}},
        {"window_days": True},
        {"filter": {"min_churn": 1}},
        {"filter": {"sort": "ltv"}},
        {"filter": {"status": "unheard_of"}},
    ],
)
def test_nonsense_is_refused(refusing: Live, changes: dict[str, Any]) -> None:
    assert asked(refusing, "POST", json={**WANTED, **changes}).status_code == 422


def test_whether_it_has_an_end_has_to_be_said(refusing: Live) -> None:
    unsaid = {name: value for name, value in WANTED.items() if name != "window_days"}
    answer = asked(refusing, "POST", json=unsaid)
    assert (answer.status_code, "window_days" in answer.text) == (422, True)


def test_campaigns_are_for_admin_keys(refusing: Live) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/one"), ("POST", "/one/start")):
        answer = refusing.client.request(
            method, f"{CAMPAIGNS}{path}", headers={"X-API-Key": API_KEY}, json=WANTED
        )
        assert answer.status_code == 403
    for step in ("", "/treated"):
        assert asked(refusing, "GET", f"/unknown{step}").status_code == 404
    for step in ("start", "close", "abandon"):
        assert asked(refusing, "POST", f"/unknown/{step}").status_code == 404


@pytest.fixture(scope="module")
def refusing(sqlite_folder: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve a shop of which no campaign is kept."""
    url = sqlite_folder.prepared(campaign_shop)
    with serving(url, tmp_path_factory.mktemp("refusing"), variables=THEN) as service:
        yield service


@takes_its_turn
def test_pages_of_campaigns_hold_each_once(live: Live) -> None:
    made = [described(live, name=f"Campaign {number}")["id"] for number in range(5)]
    asked(live, "POST", f"/{made[0]}/abandon")
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(live, "GET", f"?limit=2{cursor and f'&cursor={cursor}'}").json()
        found += [one["id"] for one in page["campaigns"]]
        cursor = page["next_cursor"]
    assert found == made[::-1]
    only = asked(live, "GET", "?state=abandoned,closed").json()["campaigns"]
    assert [one["id"] for one in only] == made[:1]
    assert asked(live, "GET", "?cursor=nonsense").status_code == 422


def closed_as_if_of_many(live: Live, campaign: dict[str, Any]) -> dict[str, Any]:
    """Close a campaign that is said to hold more out than are let go at once."""
    many = f"UPDATE intelligence_campaigns SET held_out = {MOST_AT_ONCE + 1} WHERE id = "
    wait_for(execute(live.url, f"{many}'{campaign['id']}'"))
    answer = asked(live, "POST", f"/{campaign['id']}/close")
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def looked(live: Live, times: int) -> None:
    """Let some go, so many times, as a worker does that has begun just now."""
    async with opened(live.url) as engine:
        releaser = Releaser(engine)
        for _ in range(times):
            await releaser.look()


def test_many_are_let_go_some_at_a_time_and_nobody_whom_another_holds_out_by_then(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.store.letting_go.SOME", 100)
    campaign = started(live)
    _, others = drawn(live, campaign)
    told = closed_as_if_of_many(live, campaign)
    assert told["sentences"][0].startswith("It has ended. Who it held out is being let go")
    assert told["letting_go_since"] is not None
    assert told["ended_at"] is not None
    assert held_out(live) == others
    wait_for(looked(live, 1))
    free = sorted(others)[:100]
    assert held_out(live) == others - {*free}
    second = started(live, name="Second")
    assert second["already_held_out"] == len(others) - 100
    _, out = drawn(live, second)
    assert out & {*free}
    wait_for(looked(live, len(others) // 100 + 1))
    assert held_out(live) == out
    now = asked(live, "GET", f"/{campaign['id']}").json()
    assert (now["letting_go_since"], now["state"]) == (None, "running")
    assert not now["sentences"][0].startswith("It has ended")


@takes_its_turn
def test_a_run_lets_go_of_all_who_are_left(live: Live) -> None:
    campaign = started(live)
    closed_as_if_of_many(live, campaign)
    assert held_out(live) == drawn(live, campaign)[1]
    performed(live, as_of=AS_OF)
    assert held_out(live) == set()
    assert asked(live, "GET", f"/{campaign['id']}").json()["letting_go_since"] is None


@takes_its_turn
def test_a_draft_of_a_newer_version_is_not_started_and_says_why(live: Live) -> None:
    draft = described(live)
    change = "UPDATE intelligence_campaigns SET {} = '{}'"
    wait_for(execute(live.url, change.format("chosen", '{"min_luck": 1}')))
    answer = asked(live, "POST", f"/{draft['id']}/start")
    assert answer.status_code == 409
    assert "has conditions that this version does not know" in answer.json()["detail"]
    wait_for(execute(live.url, change.format("promise", '{"format": 99}')))
    for method, step in (("POST", "/start"), ("POST", "/abandon"), ("GET", "")):
        answer = asked(live, method, f"/{draft['id']}{step}")
        assert answer.status_code == 503
        assert "promise of a campaign is of format 99" in answer.json()["detail"]
    assert drawn(live, draft) == (set(), set())
    page = asked(live, "GET", "?limit=1").json()
    assert (page["campaigns"], [one["id"] for one in page["unreadable"]]) == ([], [draft["id"]])


@takes_its_turn
def test_lists_leave_out_who_is_held_out_and_say_how_many(live: Live) -> None:
    _, others = drawn(live, started(live))
    answer = live.get("/api/mcp/customers?limit=1000&held_out=exclude&min_frequency=1").json()
    listed = {one["customer_id"] for one in answer["customers"]}
    assert answer["left_out"] == len(others)
    assert listed.isdisjoint(others)
    only = live.get("/api/mcp/customers?limit=1000&held_out=only").json()
    assert {one["customer_id"] for one in only["customers"]} == others
    assert (only["total"], only["left_out"]) == (len(others), 0)
    assert live.get("/api/mcp/customers?held_out=include").json()["left_out"] == 0
    for kind in ("csv", "xlsx"):
        file = live.get(f"/api/mcp/customers?held_out=exclude&format={kind}&fields=held_out_until")
        assert file.headers["X-Held-Out"] == str(len(others))
    told = list(csv.DictReader(io.StringIO(live.get("/api/mcp/customers?format=csv").text)))
    assert {row["customer_id"] for row in told if row["held_out_until"]} == others
    assert live.get("/api/mcp/customers?held_out=perhaps").status_code == 422


def followed(live: Live, **more: Any) -> str:
    """Have a webhook told whom campaigns are to reach; return its id."""
    wanted = {"url": "https://hooks.example.com/", "events": ["campaign.started"], **more}
    made = live.client.post("/api/admin/webhooks", json=wanted, headers={"X-API-Key": ADMIN_KEY})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def told_bodies(live: Live, webhook_id: str) -> list[dict[str, Any]]:
    """Deliver all that waits, to somebody who takes it, and return the bodies that were sent."""

    async def deliver() -> list[dict[str, Any]]:
        async with opened(live.url) as engine:
            async with transaction(engine) as connection:
                webhook = await get_webhook(connection, webhook_id)
            due = await told(engine, webhook)
        config, now = config_of(live.url), datetime.now(UTC)
        letters = [await letter(one, config, now) for one in due]
        return [json.loads(one.body) for one in letters if one is not None]

    return wait_for(deliver())


def whom(bodies: list[dict[str, Any]]) -> list[str]:
    return [one["customer_id"] for body in bodies for one in body["data"]["customers"]]


@takes_its_turn
def test_a_webhook_is_told_whom_to_reach_at_most_500_in_a_call(live: Live) -> None:
    hook = followed(live)
    campaign = started(live, holdout_share=0.1)
    reached, _ = drawn(live, campaign)
    assert len(reached) > 500
    waiting = rows(live, "SELECT * FROM intelligence_webhook_deliveries ORDER BY id")
    assert {row["event"] for row in waiting} == {"campaign.started"}
    assert {row["facts"] for row in waiting} == {None}  # nobody is copied
    bodies = told_bodies(live, hook)
    sizes = [len(body["data"]["customers"]) for body in bodies]
    assert sizes == [500] * (len(reached) // 500) + [len(reached) % 500]
    assert sorted(whom(bodies)) == sorted(reached)
    assert {body["type"] for body in bodies} == {"campaign.started"}
    places = [(body["data"]["batch"], body["data"]["batches"]) for body in bodies]
    assert places == [(place + 1, len(sizes)) for place in range(len(sizes))]
    served = rows(live, "SELECT * FROM customer_intelligence")
    by_id = {str(row["customer_id"]): row for row in served}
    for one in (one for body in bodies for one in body["data"]["customers"]):
        row = by_id[one["customer_id"]]
        assert (one["segment_id"], one["person"]) == (row["archetype_id"], None)
        for name in ("churn_risk", "predicted_value"):
            known = row[name]
            assert one[name] == (None if known is None else float(known))
    for facts in (body["data"] for body in bodies):
        arms = campaign["drawn"]["arms"]
        assert (facts["treated"], facts["held_out"]) == (arms["treated"], arms["held_out"])
        assert (facts["campaign_id"], facts["name"]) == (campaign["id"], campaign["name"])
        assert (facts["run_id"], facts["closes_at"]) == (
            campaign["drawn"]["run_id"],
            campaign["closes_at"],
        )
        assert live.get(facts["link"], ADMIN_KEY).json()["total"] == arms["treated"]


def test_who_is_erased_gone_or_held_out_elsewhere_since_is_in_no_call(live: Live) -> None:
    hook = followed(live)
    first = started(live, name="First")
    reached, _ = drawn(live, first)
    _, others = drawn(live, started(live, name="Second"))
    erased, left, *_ = sorted(reached - others)
    path = f"/api/admin/customers/{erased}"
    assert live.client.delete(path, headers={"X-API-Key": ADMIN_KEY}).status_code == 204
    wait_for(
        execute(live.url, f"DELETE FROM customer_intelligence WHERE customer_id = {int(left)}")
    )
    bodies = told_bodies(live, hook)
    by_name = {
        name: whom([body for body in bodies if body["data"]["name"] == name])
        for name in ("First", "Second")
    }
    assert sorted(by_name["First"]) == sorted(reached - others - {erased, left})
    assert {*by_name["Second"]}.isdisjoint(others | {erased, left})
    assert held_out(live).isdisjoint(by_name["First"])
    assert sorted(by_name["First"]) == sorted(ids(treated(live, first)))


@on_one_kind
def test_names_of_those_to_be_reached_are_told_by_choice_alone(live: Live) -> None:
    hook = followed(live, people=True)
    started(live)
    people = [one for body in told_bodies(live, hook) for one in body["data"]["customers"]]
    assert people
    for one in people:
        assert one["person"]["email"] == f"person{one['customer_id']}@example.com"


@takes_its_turn
def test_a_start_that_fails_tells_nobody_and_draws_nobody(live: Live) -> None:
    followed(live)
    draft = described(live)
    wait_for(execute(live.url, "DROP TABLE intelligence_audit"))
    assert asked(live, "POST", f"/{draft['id']}/start").status_code >= 500
    assert rows(live, "SELECT * FROM intelligence_webhook_deliveries") == []
    assert drawn(live, draft) == (set(), set())
    assert held_out(live) == set()
    assert asked(live, "GET", f"/{draft['id']}").json()["state"] == "draft"


@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_a_start_of_many_may_take_longer_than_other_requests(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = new_database(campaign_shop)
    slow = (
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_sleep(3.5); RETURN NULL; END'",
        "CREATE TRIGGER slow AFTER UPDATE OF held_out_until ON customer_intelligence"
        " FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    )
    with serving(url, tmp_path, variables={**THEN, "API_STATEMENT_SECONDS": "3"}) as live:
        draft = described(live)
        for statement in slow:
            wait_for(execute(url, statement))
        answer = asked(live, "POST", f"/{draft['id']}/start")
        assert (answer.status_code, answer.json()["state"]) == (200, "running")
        assert held_out(live) == drawn(live, answer.json())[1]
