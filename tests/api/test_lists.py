"""Lists over HTTP, held against rows that are read from the database by hand."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from backend.api.lists.schema import CustomerPage
from backend.database.engine import opened
from tests.conftest import NewDatabase, wait_for
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop, performed
from tests.shops import AS_OF, Shop

LIST = "/api/mcp/customers"


def asked(live: Live, path: str = LIST, **query: Any) -> dict[str, Any]:
    answer = live.client.get(path, params=query, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def refused(live: Live, **query: Any) -> tuple[int, str]:
    answer = live.client.get(LIST, params=query, headers={"X-API-Key": API_KEY})
    return answer.status_code, answer.json()["detail"]


def followed(live: Live, **query: Any) -> list[dict[str, Any]]:
    """Ask for page after page, by the cursor alone."""
    page = asked(live, **query)
    found = [page]
    while page["next_cursor"]:
        page = asked(live, cursor=page["next_cursor"], limit=query.get("limit", 50))
        found.append(page)
    return found


@pytest.fixture(scope="module")
def published(live: Live) -> pd.DataFrame:
    """Read the published rows past the API."""
    table = pd.DataFrame(wait_for(_rows(live.url)))
    return table.astype({"churn_risk": float, "value_at_risk": float, "ltv": float})


async def _rows(url: str) -> list[dict[str, Any]]:
    async with opened(url) as engine, engine.connect() as connection:
        found = await connection.execute(text("SELECT * FROM customer_intelligence"))
        return [dict(row) for row in found.mappings()]


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["customer_id"]) for row in rows]


def test_pages_hold_everybody_once_by_value_at_risk(live: Live, published: pd.DataFrame) -> None:
    pages = followed(live, limit=30)
    rows = [row for page in pages for row in page["customers"]]
    assert sorted(ids(rows)) == sorted(published.customer_id)
    known = [row["value_at_risk"] for row in rows if row["value_at_risk"] is not None]
    assert known == sorted(known, reverse=True)
    assert [row["value_at_risk"] for row in rows[len(known) :]] == [None] * (len(rows) - len(known))
    for name in ("total", "sums", "means", "known", "run_id", "as_of"):
        assert len({str(page[name]) for page in pages}) == 1, name
    assert pages[0]["total"] == len(published)


@pytest.mark.parametrize("name", ["min_ltv", "max_ltv", "min_predicted_value", "min_frequency"])
def test_a_number_beyond_our_columns_is_refused_and_the_largest_is_not(
    live: Live, name: str
) -> None:
    parameters = live.client.get("/openapi.json").json()["paths"][LIST]["get"]["parameters"]
    schema = next(one["schema"] for one in parameters if one["name"] == name)
    most = next(one["maximum"] for one in schema["anyOf"] if "maximum" in one)
    assert asked(live, LIST, **{name: int(most)})["total"] is not None
    assert refused(live, **{name: 10 * int(most)})[0] == 422


def test_every_parameter_has_an_example_that_is_taken(live: Live) -> None:
    """Of every route that is read with GET: each alone, with those that it needs."""
    some = {
        "segment_id": asked(live, "/api/mcp/segments")["segments"][0]["id"],
        "customer_id": str(asked(live)["customers"][0]["customer_id"]),
        "run_id": "latest",
        "webhook_id": webhook(live),
    }
    tried = 0
    for path, methods in live.client.get("/openapi.json").json()["paths"].items():
        if "{campaign_id}" in path:
            continue  # there is none here
        examples, needed = taken(path, methods.get("get", {}).get("parameters", []))
        for query in ({**needed, one: example} for one, example in examples.items()):
            answer = live.client.get(
                path.format(**some), params=query, headers={"X-API-Key": ADMIN_KEY}
            )
            assert answer.status_code == 200, (path, query, answer.text)
            tried += 1
    assert tried > 60


def taken(path: str, parameters: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a route's examples that may be asked alone, and those that are needed."""
    untrue = {"cursor"}  # only one of a page is true
    if "{segment_id}" in path:
        untrue |= {"segment", "group"}  # one is in the path
    told = [one for one in parameters if one["in"] == "query" and one["name"] not in untrue]
    examples = {one["name"]: one["schema"]["examples"][0] for one in told}
    return examples, {one["name"]: examples[one["name"]] for one in told if one["required"]}


def webhook(live: Live) -> str:
    wanted = {"url": "https://hooks.example.com/", "events": ["run.failed"]}
    answer = live.client.post("/api/admin/webhooks", json=wanted, headers={"X-API-Key": ADMIN_KEY})
    return str(answer.json()["id"])


def test_totals_are_those_of_the_table(live: Live, published: pd.DataFrame) -> None:
    page = asked(live, min_churn_risk=0.4, limit=1)
    wanted = published[published.churn_risk >= 0.4]
    assert page["total"] == len(wanted)
    assert page["sums"]["value_at_risk"] == pytest.approx(wanted.value_at_risk.sum(), abs=0.005)
    assert page["means"]["churn_risk"] == pytest.approx(wanted.churn_risk.mean(), abs=1e-4)
    assert page["known"]["usual_gap_days"] == wanted.usual_gap_days.notna().sum()
    assert page["sums"]["total_orders"] == wanted.frequency.sum()
    assert isinstance(page["sums"]["total_orders"], int)
    untold = asked(live, min_churn_risk=0.4, limit=1, totals=False)
    assert (untold["total"], untold["sums"], untold["means"]) == (None, None, None)


def test_a_row_is_the_profile(live: Live) -> None:
    for row in asked(live, limit=3)["customers"]:
        profile = asked(live, f"{LIST}/{row['customer_id']}")
        assert profile.pop("explanation") is None
        assert row == profile


@pytest.mark.parametrize("query", ["", "?totals=false&fields=archetype.id,next_order_p50"])
def test_a_page_is_written_as_it_is_described(live: Live, query: str) -> None:
    written = live.get(LIST + query).content
    page = CustomerPage.model_validate_json(written)
    assert page.model_dump(mode="json", exclude_unset=True) == json.loads(written)


def test_fields_are_those_that_are_asked_for(live: Live) -> None:
    (row,) = asked(live, fields="archetype.id,email", limit=1)["customers"]
    assert row.keys() == {"customer_id", "email", "archetype"}
    assert row["archetype"].keys() == {"id"}
    (row,) = asked(live, fields=["archetype", "ltv"], limit=1)["customers"]
    assert row["archetype"].keys() == {"id", "name", "level"}


def test_several_segments_are_given_by_comma_or_repetition(
    live: Live, published: pd.DataFrame
) -> None:
    first, second = published.archetype_id.unique()[:2]
    wanted = published.archetype_id.isin([first, second]).sum()
    assert asked(live, segment=f"{first},{second}")["total"] == wanted
    assert asked(live, segment=[first, second])["total"] == wanted
    assert asked(live, segment="no_such_segment")["total"] == 0


def test_the_list_of_a_segment_is_the_same_list(live: Live) -> None:
    segments = asked(live, "/api/mcp/segments")
    for one in (*segments["segments"], *segments["groups"]):
        page = asked(live, f"/api/mcp/segments/{one['id']}/customers", limit=2)
        assert page["total"] == one["customer_count"]
        if page["next_cursor"]:
            path = f"/api/mcp/segments/{one['id']}/customers"
            assert asked(live, path, cursor=page["next_cursor"])["total"] == page["total"]
        kind = "group" if one in segments["groups"] else "segment"
        twice = live.get(f"/api/mcp/segments/{one['id']}/customers?{kind}=other")
        assert (twice.status_code, twice.json()["name"]) == (422, kind)
    missing = live.get("/api/mcp/segments/nobody/customers")
    assert (missing.status_code, missing.json()["detail"]) == (
        404,
        "No segment has the id nobody.",
    )


def test_days_begin_in_the_shops_time_zone(live: Live, shop: Shop) -> None:
    last = {
        row["customer_id"]: row["created_at"]
        for row in shop.orders
        if shop.counted(row["customer_id"])
    }
    some = sorted(last.values())[len(last) // 2]
    exact = asked(live, ordered_before=some.replace(tzinfo=UTC).isoformat(), limit=1000)
    day = asked(live, ordered_before=some.date().isoformat(), limit=1000)
    at_midnight = datetime(some.year, some.month, some.day, tzinfo=UTC).isoformat()
    assert day["total"] == asked(live, ordered_before=at_midnight)["total"] <= exact["total"]


def test_a_plus_in_an_address_is_an_offset_all_the_same(live: Live) -> None:
    paths = [f"{LIST}?ordered_before=2024-01-01T02:00:00{one}02:00" for one in ("+", "%2B")]
    several = [live.get(path).json()["total"] for path in paths]
    assert several == [asked(live, ordered_before="2024-01-01T00:00:00Z")["total"]] * 2
    assert several[0] > 0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"min_churnrisk": 0.5}, "min_churnrisk"),
        ({"min_churn_risk": 1.5}, "less than or equal to 1"),
        ({"min_ltv": "nan"}, "finite"),
        ({"min_ltv": 1e30}, "less than or equal to"),
        ({"min_frequency": 2**31}, "less than or equal to 2147483647"),
        ({"max_recency_days": 10**20}, "less than or equal to"),
        ({"status": "happy"}, "insufficient_history"),
        ({"sort": "email"}, "email is no field"),
        ({"fields": "password"}, "password is no field"),
        ({"limit": 1001}, "1000"),
        ({"ordered_before": "soon"}, "ordered_before"),
        ({"cursor": "made up"}, "not the next_cursor"),
        ({"ordered_before": "9999-12-31T23:59:59-12:00"}, "ordered_before is outside the years"),
        ({"min_churn_risk": [0.1, 0.2]}, "min_churn_risk is said several times"),
        ({"limit": [1, 2]}, "limit is said several times"),
        ({"segment": ""}, "query.segment: names nothing"),
        ({"status": " , "}, "names nothing"),
        ({"segment": ["new", ""]}, "names nothing"),
        ({"segment": "new\0"}, "names nothing"),
        ({"group": "\x1e"}, "names nothing"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    live: Live, query: dict[str, Any], said: str
) -> None:
    status, detail = refused(live, **query)
    assert status == 422
    assert said in detail


@pytest.mark.parametrize("path", ["/api/mcp/segments", "/api/mcp/customers/5", "/health"])
def test_other_routes_pass_over_names_that_they_do_not_know(live: Live, path: str) -> None:
    assert refused(live, min_churn=0.5)[0] == 422
    told, asked_more = live.get(path), live.get(f"{path}?min_churn=0.5")
    assert (told.status_code, asked_more.status_code) == (200, 200)


def test_a_cursor_is_of_its_list_alone(live: Live) -> None:
    cursor = asked(live, limit=1, min_churn_risk=0.1)["next_cursor"]
    assert asked(live, cursor=cursor, min_churn_risk=0.1)["customers"]
    status, detail = refused(live, cursor=cursor, min_churn_risk=0.2)
    assert (status, "of another list" in detail) == (422, True)
    # Its last sign holds bits that nobody reads: the one in the middle of the signature is another.
    head, signature = cursor[:-20], cursor[-20:]
    assert refused(live, cursor=head + signature.swapcase())[0] == 422


def test_a_cursor_ends_with_its_run(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as once:
        page = asked(once, limit=5)
        assert asked(once, cursor=page["next_cursor"])["run_id"] == page["run_id"]
        assert performed(once, as_of=AS_OF)["state"] == "succeeded"
        status, detail = refused(once, cursor=page["next_cursor"])
        assert (status, detail) == (
            410,
            f"Run {page['run_id']}, which this cursor is of, is no longer served: begin the list "
            "again without cursor.",
        )
        assert asked(once, limit=5)["run_id"] != page["run_id"]


def test_amounts_are_told_in_their_currency(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    url = new_sqlite(clustered_shop)
    with serving(url, tmp_path, variables=NO_WORKER) as untold:
        assert asked(untold, limit=1)["currency"] is None
        wait_for(_priced_in_pounds(url))
        pages = [asked(untold, limit=1, totals=totals) for totals in (True, False)]
        assert [page["currency"] for page in pages] == ["GBP", "GBP"]


async def _priced_in_pounds(url: str) -> None:
    async with opened(url) as engine, engine.begin() as connection:
        told = "json_set(profile, '$.currency', 'GBP')"
        await connection.execute(text(f"UPDATE intelligence_segments SET profile = {told}"))


def test_a_file_holds_the_whole_list(live: Live, published: pd.DataFrame) -> None:
    headers = {"X-API-Key": API_KEY, "Accept": "text/csv"}
    answer = live.client.get(LIST, params={"min_churn_risk": 0.2}, headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["X-Run-ID"] == published.run_id.iloc[0]
    table = pd.read_csv(io.StringIO(answer.text))
    wanted = published[published.churn_risk >= 0.2]
    assert sorted(table.customer_id) == sorted(wanted.customer_id)
    assert table.value_at_risk.sum() == pytest.approx(wanted.value_at_risk.sum(), abs=0.005)
    assert table.archetype_id.notna().all()
    assert (table.as_of == "2024-06-01T00:00:00+00:00").all()


def test_a_list_that_leaves_whole_is_in_the_audit_and_a_page_is_not(live: Live) -> None:
    key = {"X-API-Key": API_KEY}
    live.client.get(LIST, params={"min_frequency": "1"}, headers=key)
    live.client.get(LIST, params={"min_churn_risk": "0.25"}, headers={**key, "Accept": "text/csv"})
    (newest, *_) = live.get("/api/admin/audit?limit=1", ADMIN_KEY).json()["entries"]
    assert newest["action"] == "list_exported"
    assert newest["subject"] == "sort=-value_at_risk&min_churn_risk=0.25"
    assert len(newest["key"]) == 12


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv;q=0.5, application/json", "application/json"),
        ("application/json;q=0.1,TEXT/CSV; charset=utf-8; q=0.9", "text/csv"),
        ("text/csv, */*", "text/csv"),
        ("text/csv;q=0", "application/json"),
        ("text/csv;q=high, text/html", "application/json"),
        ("application/xml", "application/json"),
        ("", "application/json"),
    ],
)
def test_an_answer_is_of_the_kind_that_is_wanted_most(live: Live, accept: str, media: str) -> None:
    headers = {"X-API-Key": API_KEY, "Accept": accept}
    answer = live.client.get(LIST, params={"limit": 1, "fields": "ltv"}, headers=headers)
    assert answer.headers["content-type"].partition(";")[0] == media


def test_a_name_in_a_file_is_no_formula(live: Live) -> None:
    answer = live.client.get(
        LIST, params={"format": "csv", "fields": "first_name"}, headers={"X-API-Key": API_KEY}
    )
    names = {
        row["customer_id"]: row["first_name"] for row in csv.DictReader(io.StringIO(answer.text))
    }
    assert names["4"] == "'=1+1"
    assert names["1"] == "Séan"
    assert names["3"] == ""


def test_a_batch_answers_who_is_there_and_names_who_is_missing(live: Live) -> None:
    told = batch(live, {"ids": ["5", "999999", "5", "no id", "6"]})
    assert ids(told["customers"]) == [5, 6]
    assert told["missing"] == {"ids": ["999999", "no id"], "emails": []}
    assert told["customers"][0] == asked(live, f"{LIST}/5")
    told = batch(live, {"emails": [" PERSON5@example.com ", "nobody@example.com", ""]})
    assert ids(told["customers"]) == [5]
    assert told["missing"] == {"ids": [], "emails": ["nobody@example.com", ""]}


@pytest.mark.parametrize(
    "body", [{}, {"ids": ["1"], "emails": ["a@example.com"]}, {"ids": ["1"] * 1001}, {"id": ["1"]}]
)
def test_a_batch_of_both_or_of_nothing_is_refused(live: Live, body: dict[str, Any]) -> None:
    answer = live.client.post(f"{LIST}/batch", json=body, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 422


def test_a_batch_takes_ids_as_integers_too(live: Live) -> None:
    assert batch(live, {"ids": [5, 999999]}) == batch(live, {"ids": ["5", "999999"]})


@pytest.mark.parametrize("sent", [True, 5.0, None, ["5"]])
def test_what_is_no_id_is_refused(live: Live, sent: object) -> None:
    answer = live.client.post(f"{LIST}/batch", json={"ids": [sent]}, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 422


def test_the_methods_of_a_path_of_its_own_are_named(live: Live) -> None:
    assert live.client.put(f"{LIST}/batch").headers["Allow"] == "POST"
    assert live.client.put(f"{LIST}/some/one").headers["Allow"] == "GET"
    assert live.client.put(f"{LIST}/some/one/what-if").headers["Allow"] == "POST"
    assert live.client.put("/health").headers["Allow"] == "GET, HEAD"


def test_a_batch_may_be_larger_than_other_bodies(live: Live) -> None:
    emails = [f"{'long' * 20}{number}@example.com" for number in range(1000)]
    assert batch(live, {"emails": emails})["missing"]["emails"] == emails


def batch(live: Live, body: dict[str, Any]) -> dict[str, Any]:
    answer = live.client.post(f"{LIST}/batch", json=body, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told
