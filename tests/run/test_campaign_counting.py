"""What campaigns brought, counted by runs from the shop's own orders; expected values by pandas."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from backend.database.engine import opened, transaction
from tests.campaign_shop import THEN, asked, campaign_shop, started_alike
from tests.conftest import NewDatabase, on_one_kind, wait_for
from tests.live import ADMIN_KEY, Live, command, serving
from tests.performed import perform_once, performed
from tests.shops import AS_OF, VARIABLES

WINDOW = timedelta(days=30)
CLOSES, SETTLES = AS_OF + WINDOW, AS_OF + WINDOW + timedelta(days=14)
FIRST_ORDER = 1_000_000
NOBODY: Mapping[int, int] = {}


@pytest.fixture
def live(new_database: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    with serving(new_database(campaign_shop), tmp_path, variables=THEN) as service:
        yield service


def changed(live: Live, statement: str, *rows: dict[str, Any]) -> None:
    async def change() -> None:
        async with opened(live.url) as engine, transaction(engine) as connection:
            await connection.execute(text(statement), list(rows))

    wait_for(change())


def table(live: Live, statement: str) -> pd.DataFrame:
    async def read() -> list[dict[str, Any]]:
        async with opened(live.url) as engine, engine.connect() as connection:
            found = await connection.execute(text(statement))
            return [dict(row) for row in found.mappings()]

    return pd.DataFrame(wait_for(read()))


def order(number: int, customer_id: str, at: datetime, total: float) -> dict[str, Any]:
    return {
        "id": FIRST_ORDER + number,
        "customer": int(customer_id),
        "number": f"#{number}",
        "total": total,
        "at": at.replace(tzinfo=None, microsecond=0),  # not every database keeps them
    }


def ordered(live: Live, *orders: dict[str, Any]) -> None:
    """Have customers order in the shop."""
    statement = (
        "INSERT INTO orders (id, customer_id, order_number, total_price, created_at, "
        "financial_status, fulfillment_status) VALUES (:id, :customer, :number, :total, :at, "
        "'paid', 'fulfilled')"
    )
    changed(live, statement, *orders)


def bought_in_window(live: Live, campaign: dict[str, Any]) -> None:
    """Have every third of the treated and every sixth of the others buy in the window."""
    members = table(live, "SELECT * FROM intelligence_campaign_members").sort_values("customer_id")
    rng, orders = np.random.default_rng(7), list[dict[str, Any]]()
    for arm, each in ((0, 3), (1, 6)):
        ids = members[members.is_held_out == arm].customer_id.tolist()[::each]
        for place, one in enumerate(ids):
            at = AS_OF + timedelta(days=float(rng.uniform(0.1, 29.9)))
            total = float(round(rng.uniform(5, 300), 2))
            orders.append(order(1000 * arm + place, one, at, total))
    ordered(live, *orders)


def expected(
    live: Live, campaign: dict[str, Any], until: datetime, merged: Mapping[int, int] = NOBODY
) -> dict[str, Any]:
    """Reckon arms and the difference of spend by pandas, past all of our code.

    Who is `merged` is part of another customer: their orders are that one's, and who was drawn as
    part of somebody who was drawn too counts no more.
    """
    members = table(
        live,
        f"SELECT * FROM intelligence_campaign_members WHERE campaign_id = '{campaign['id']}'",
    )
    orders = table(live, "SELECT * FROM orders WHERE financial_status = 'paid'")
    orders["created_at"] = pd.to_datetime(orders.created_at, format="mixed")
    since = AS_OF.replace(tzinfo=None)
    within = orders[(orders.created_at >= since) & (orders.created_at < until.replace(tzinfo=None))]
    spend = within.groupby(account(within.customer_id, merged)).total_price.sum().astype(float)
    drawn = {*members.customer_id.astype(int)}
    twice = {one for one, other in merged.items() if other in drawn}
    members = members[~members.customer_id.astype(int).isin(twice)].copy()
    members["spend"] = account(members.customer_id, merged).map(spend).fillna(0.0)
    by = members.pivot_table("spend", "stratum", "is_held_out", "mean")
    weight = members.groupby("stratum").size() / len(members)
    buyers = members[members.spend > 0].groupby("is_held_out").size()
    limit = campaign["drawn"]["spend_limit"]
    capped = members.assign(spend=members.spend.clip(upper=limit))
    limited = capped.pivot_table("spend", "stratum", "is_held_out", "mean")
    return {
        "buyers": (int(buyers.get(0, 0)), int(buyers.get(1, 0))),
        "counted": members.groupby("is_held_out").size().tolist(),
        "spend": float(((by[0] - by[1]) * weight).sum()),
        "limited": float(((limited[0] - limited[1]) * weight).sum()),
    }


def account(customer_ids: "pd.Series[Any]", merged: Mapping[int, int]) -> "pd.Series[int]":
    return customer_ids.astype(int).map(lambda one: merged.get(one, one))


def told(answer: dict[str, Any]) -> dict[str, Any]:
    arms, effects = (answer["treated"], answer["held_out"]), answer["effects"]
    return {
        "buyers": tuple(one["buyers"] for one in arms),
        "counted": [one["drawn"] - one["missing"] for one in arms],
        "spend": pytest.approx(effects["spend"]["difference"], abs=1e-9),
        "limited": pytest.approx(effects["limited_spend"]["difference"], abs=1e-9),
    }


def answers(live: Live, campaign: dict[str, Any]) -> dict[str, dict[str, Any]]:
    view = asked(live, "GET", f"/{campaign['id']}").json()
    return {one["kind"]: one["answer"] for one in view["answers"]}


def test_a_campaign_is_looked_at_counted_at_its_close_and_counted_for_good(live: Live) -> None:
    campaign = started_alike(live, window_days=30, holdout_share=0.5)
    bought_in_window(live, campaign)
    look = AS_OF + timedelta(days=10)
    performed(live, as_of=look)
    (kind, first), *rest = answers(live, campaign).items()
    assert (kind, first["final"], rest) == ("look", False, [])
    assert told(first) == expected(live, campaign, look)

    performed(live, as_of=CLOSES)
    at_close = answers(live, campaign)["at_close"]
    assert at_close["final"] is True
    assert told(at_close) == expected(live, campaign, CLOSES)
    view = asked(live, "GET", f"/{campaign['id']}").json()
    assert (view["state"], view["answers"][0]["kind"]) == ("running", "at_close")
    assert at_close["verdict"] == "more"
    assert view["sentences"][0].startswith("It worked")

    # Orders that came late, a refund, and an erasure: of the window, known a fortnight later.
    members = table(live, "SELECT * FROM intelligence_campaign_members").sort_values("customer_id")
    late = members[members.is_held_out == 0].customer_id.tolist()[1]
    in_window = order(5000, late, AS_OF + timedelta(days=3), 77.5)
    ordered(live, in_window, order(5001, late, CLOSES + timedelta(days=1), 1000))
    refunded = "UPDATE orders SET financial_status = 'refunded' WHERE id = :id"
    changed(live, refunded, {"id": FIRST_ORDER + 3})
    erased = members[members.is_held_out == 1].customer_id.tolist()[0]
    path, key = f"/api/admin/customers/{erased}", {"X-API-Key": ADMIN_KEY}
    assert live.client.delete(path, headers=key).status_code == 204
    performed(live, as_of=CLOSES + timedelta(days=5))
    assert answers(live, campaign)["at_close"] == at_close
    performed(live, as_of=SETTLES)
    settled = answers(live, campaign)["settled"]
    assert told(settled) == expected(live, campaign, CLOSES)
    assert told(settled) != told(at_close)
    assert (settled["treated"]["missing"], settled["held_out"]["missing"]) == (0, 1)
    assert asked(live, "GET", f"/{campaign['id']}").json()["state"] == "closed"

    ordered(live, order(5002, late, AS_OF + timedelta(days=4), 500))
    performed(live, as_of=SETTLES + timedelta(days=1))
    assert answers(live, campaign)["settled"] == settled
    for step in ("close", "abandon"):
        assert asked(live, "POST", f"/{campaign['id']}/{step}").status_code == 409


@on_one_kind
def test_a_run_that_was_not_published_counts_nothing_and_one_of_the_past_neither(
    live: Live,
) -> None:
    campaign = started_alike(live, window_days=30)
    bought_in_window(live, campaign)
    performed(live, as_of=CLOSES, publish="never")
    assert answers(live, campaign) == {}
    performed(live, as_of=AS_OF, publish="always")
    assert answers(live, campaign) == {}


@on_one_kind
def test_a_window_that_nobody_looked_at_for_a_month_is_counted_for_good_at_once(live: Live) -> None:
    campaign = started_alike(live, window_days=30)
    bought_in_window(live, campaign)
    performed(live, as_of=SETTLES + timedelta(days=30))
    assert [*answers(live, campaign)] == ["settled"]


@on_one_kind
def test_a_window_that_somebody_cut_short_is_counted_to_there_and_stays_an_early_look(
    live: Live, tmp_path: Path
) -> None:
    campaign, whole = started_alike(live, window_days=30, holdout_share=0.5), AS_OF + WINDOW
    bought_in_window(live, campaign)
    cut = AS_OF + timedelta(days=10)
    then = {**THEN, "RUN_AS_OF": cut.isoformat()}
    with serving(live.url, tmp_path, variables=then) as later:
        closed = asked(later, "POST", f"/{campaign['id']}/close").json()
    assert (datetime.fromisoformat(closed["closes_at"]), closed["window_is_cut"]) == (cut, True)
    performed(live, as_of=cut + timedelta(days=1))
    (at_close,) = answers(live, campaign).values()
    assert told(at_close) == expected(live, campaign, cut) != expected(live, campaign, whole)
    performed(live, as_of=cut + timedelta(days=14))
    performed(live, as_of=whole)
    found = answers(live, campaign)
    assert [*found] == ["settled", "at_close"]
    for answer in found.values():
        assert (answer["final"], told(answer)) == (False, expected(live, campaign, cut))
    view = asked(live, "GET", f"/{campaign['id']}").json()
    assert (view["state"], view["window_is_cut"]) == ("closed", True)
    assert any("cut short, so this is an early look" in one for one in view["sentences"])


@on_one_kind
def test_a_holdout_without_end_that_somebody_closes_is_no_cut(live: Live, tmp_path: Path) -> None:
    campaign = started_alike(live, window_days=None, holdout_share=0.5)
    bought_in_window(live, campaign)
    then = {**THEN, "RUN_AS_OF": CLOSES.isoformat()}
    with serving(live.url, tmp_path, variables=then) as later:
        closed = asked(later, "POST", f"/{campaign['id']}/close").json()
    assert closed["window_is_cut"] is False
    performed(live, as_of=CLOSES)
    (answer,) = answers(live, campaign).values()
    assert (answer["final"], told(answer)) == (True, expected(live, campaign, CLOSES))


@on_one_kind
def test_what_is_given_up_is_not_counted(live: Live) -> None:
    campaign = started_alike(live, window_days=30)
    assert asked(live, "POST", f"/{campaign['id']}/abandon").status_code == 200
    performed(live, as_of=CLOSES)
    assert answers(live, campaign) == {}


@on_one_kind
def test_who_left_the_shop_is_missing_from_their_arm(live: Live) -> None:
    campaign = started_alike(live, window_days=30)
    members = table(live, "SELECT * FROM intelligence_campaign_members").sort_values("customer_id")
    gone = members[members.is_held_out == 0].customer_id.tolist()[:3]
    for one in gone:
        for about, column in (("orders", "customer_id"), ("customers", "id")):
            changed(live, f"DELETE FROM {about} WHERE {column} = :id", {"id": int(one)})
    performed(live, as_of=CLOSES)
    answer = answers(live, campaign)["at_close"]
    assert (answer["treated"]["missing"], answer["held_out"]["missing"]) == (3, 0)
    assert answer["ratio_p_value"] is not None


@on_one_kind
def test_who_became_one_customer_after_the_draw_is_counted_once(live: Live) -> None:
    campaign = started_alike(live, window_days=30, holdout_share=0.5)
    members = table(live, "SELECT * FROM intelligence_campaign_members")
    arms = [sorted(members[members.is_held_out == arm].customer_id.astype(int)) for arm in (0, 1)]
    everybody = {*table(live, "SELECT id FROM customers").id.astype(int)}
    stranger = min(everybody - {*arms[0], *arms[1]})
    same = {arms[0][3]: arms[0][1], arms[1][3]: arms[1][1]}
    apart = {
        next(one for one in arms[1][8:] if one > arms[0][5]): arms[0][5],
        next(one for one in arms[0][8:] if one > arms[1][7]): arms[1][7],
    }
    alone = {next(one for one in reversed(arms[0]) if one > stranger): stranger}
    merged = {**same, **apart, **alone}
    bought_in_window(live, campaign)
    for number, (part, whole) in enumerate(merged.items()):
        at, name = AS_OF + timedelta(days=2 + number), f"person{whole}@example.com"
        theirs = order(7000 + number, str(part), at, 31.0 + number)
        ordered(live, theirs, order(7100 + number, str(whole), at, 11.5 * number))
        changed(
            live, "UPDATE customers SET email = :name WHERE id = :id", {"name": name, "id": part}
        )
    merging = {**VARIABLES, "MERGE_GUESTS": "true"}
    wait_for(perform_once(live.url, merging, as_of=CLOSES, publish="always"))
    (answer,) = answers(live, campaign).values()
    assert told(answer) == expected(live, campaign, CLOSES, merged)
    # Of each arm one is part of another who was drawn to it, and one of one drawn to the other.
    assert (answer["treated"]["missing"], answer["held_out"]["missing"]) == (2, 2)


@on_one_kind
def test_the_command_counts_as_a_run_does_and_says_what_came_of_it(
    live: Live, tmp_path: Path
) -> None:
    campaign = started_alike(live, window_days=30, holdout_share=0.5)
    bought_in_window(live, campaign)
    before = command(live.url, tmp_path, "campaigns", variables=THEN)
    assert (before.returncode, "Running" in before.stdout) == (0, True)
    assert answers(live, campaign) == {}
    later = {**THEN, "RUN_AS_OF": CLOSES.isoformat()}
    counted = command(live.url, tmp_path, "campaigns", "--count", variables=later)
    assert counted.returncode == 0, counted.stderr
    assert "It worked" in counted.stdout
    (counted_at_close,) = answers(live, campaign).values()
    performed(live, as_of=CLOSES)
    assert answers(live, campaign) == {"at_close": counted_at_close}
    assert told(counted_at_close) == expected(live, campaign, CLOSES)


@on_one_kind
def test_what_a_newer_version_stored_of_one_campaign_keeps_no_run_and_no_other_waiting(
    live: Live,
) -> None:
    first, second = (
        started_alike(live, window_days=30),
        started_alike(live, window_days=30, name="Second"),
    )
    performed(live, as_of=AS_OF + timedelta(days=5))
    strange = """{"format": 99, "effect": "unheard of"}"""
    changed(
        live,
        "UPDATE intelligence_campaign_answers SET answer = :told WHERE campaign_id = :id",
        {"told": strange, "id": first["id"]},
    )
    run = performed(live, as_of=AS_OF + timedelta(days=6))["run_id"]
    assert live.get("/api/mcp/segments").json()["run_id"] == run
    of_second = asked(live, "GET", f"/{second['id']}").json()["answers"]
    assert [one["run_id"] for one in of_second] == [run]
    kept = table(live, "SELECT * FROM intelligence_campaign_answers").set_index("campaign_id")
    assert kept.answer[first["id"]] == strange
    members = table(live, "SELECT * FROM intelligence_campaign_members WHERE is_held_out = 1")
    listed = live.get("/api/mcp/customers?held_out=only&limit=1000").json()["customers"]
    assert {one["customer_id"] for one in listed} == {*members.customer_id}
    told = asked(live, "GET", f"/{first['id']}")
    assert told.status_code == 503
    assert "answer of a campaign is of format 99" in told.json()["detail"]
    page = asked(live, "GET").json()
    assert [one["id"] for one in page["campaigns"]] == [second["id"]]
    (unread,) = page["unreadable"]
    assert (unread["id"], unread["name"]) == (first["id"], first["name"])
    assert unread["why"] == told.json()["detail"]
