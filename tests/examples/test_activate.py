"""Copies to mailing tools, by drt itself, from a published run to servers that speak like them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import NewDatabase, wait_for
from tests.examples.copies import Copies, move
from tests.examples.mailing_tools import Crm, HubSpot, Klaviyo, Reply, open_for_business
from tests.live import ADMIN_KEY, serving
from tests.performed import CLUSTERED_CUSTOMERS, NO_WORKER, clustered_shop, perform_once
from tests.shops import AS_OF
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.external

SENT = {"email", "segment", "churn_risk", "predicted_value", "predicted_orders"}
BUSY = Reply(503, {"errors": []})


@pytest.fixture
def copies(new_postgres: NewDatabase, tmp_path: Path) -> Iterator[Copies]:
    with ExitStack() as stack:
        tools = [stack.enter_context(open_for_business(one())) for one in (Klaviyo, HubSpot, Crm)]
        yield Copies(new_postgres(clustered_shop), tmp_path, tools)


def test_everybody_is_copied_once_and_only_who_changed_again(copies: Copies) -> None:
    klaviyo = copies.tools[0]
    klaviyo.rests_after = 50
    copies.run()
    assert (klaviyo.turned_away, klaviyo.hurried) == (1, 0)
    wanted = copies.published()
    assert len(wanted) == CLUSTERED_CUSTOMERS
    for tool in copies.tools:
        assert tool.people == wanted, tool.name
    assert [len(one) for one in copies.sent()] == [80, 80, 1]
    copies.run()
    assert copies.sent() == [[], [], []]
    # A run at the same instant moves nobody.
    wait_for(perform_once(copies.url, as_of=AS_OF))
    copies.run()
    assert copies.sent() == [[], [], []]
    move(copies.url, 7, 0.99, seconds=1)
    copies.run()
    assert [len(one) for one in copies.sent()] == [1, 1, 1]
    for tool in copies.tools:
        assert tool.people == {**wanted, "7": {**wanted["7"], "churn_risk": 0.99}}


def test_who_is_held_out_is_in_no_segment_at_a_tool_until_it_is_over(copies: Copies) -> None:
    crm = copies.tools[2]
    hold = "UPDATE customer_intelligence SET changed_at = '2024-06-02', held_out_until = {}"
    copies.change(hold.format("'2024-09-01'") + " WHERE customer_id IN (5, 6)")
    copies.run("--select", "crm")
    assert {"5", "6"}.isdisjoint(crm.people)
    assert len(crm.people) == CLUSTERED_CUSTOMERS - 2
    before = dict(crm.people["7"])
    copies.change(hold.format("'2024-09-01'") + " WHERE customer_id = 7")
    copies.run("--select", "crm")
    assert crm.people["7"] == {**before, "segment": "held_out"}
    over = hold.format("NULL").replace("-02", "-03")
    copies.change(over + " WHERE held_out_until IS NOT NULL")
    copies.run("--select", "crm")
    assert crm.people == copies.published()
    assert crm.people["7"] == before


@pytest.mark.long
def test_an_address_that_changed_is_copied_and_a_name_never(copies: Copies) -> None:
    copies.change("UPDATE customers SET email = NULL WHERE id = 4")
    copies.run("--select", "crm")
    crm = copies.tools[2]
    assert len(crm.people) == CLUSTERED_CUSTOMERS - 1
    assert {name for row in crm.people.values() for name in row} == SENT
    copies.change("UPDATE customers SET email = 'other@example.org' WHERE id IN (4, 5)")
    copies.change("UPDATE customers SET first_name = 'Other'")
    copies.run("--select", "crm")
    (request,) = crm.requests
    assert [one["email"] for one in request.body["customers"]] == ["other@example.org"] * 2
    copies.change("UPDATE customers SET email = 'person5@example.com' WHERE id = 5")
    copies.run("--select", "crm")
    assert crm.people["5"]["email"] == "person5@example.com"


def test_who_is_gone_is_deleted_and_nobody_else(copies: Copies, tmp_path: Path) -> None:
    copies.run()
    copies.change("DELETE FROM customers WHERE id = 3")
    with serving(copies.url, tmp_path, variables=NO_WORKER) as service:
        erased = service.client.delete("/api/admin/customers/5", headers={"X-API-Key": ADMIN_KEY})
        assert erased.status_code == 204
    wait_for(perform_once(copies.url, as_of=AS_OF))
    assert copies.rows("SELECT cause FROM intelligence_customers_gone ORDER BY 1") == [
        ("deleted",),
        ("erased",),
    ]
    copies.run()
    assert copies.sent() == [[], [], []]
    hubspot = copies.tools[1]
    del hubspot.people["3"]  # by hand: it is nobody's failure that they are not there
    copies.forget("klaviyo", "hubspot", "crm")
    everybody = {str(one) for one in range(1, CLUSTERED_CUSTOMERS + 1)}
    for tool in copies.tools:
        assert {*tool.people} == everybody - {"3", "5"}, tool.name
    assert [len(one) for one in copies.sent()] == [4, 2, 2]
    assert (
        copies.rows(
            "SELECT 1 FROM activate._drt_audit_log"
            " WHERE logged_fields_json ->> 'customer_id' IN ('3', '5')"
        )
        == []
    )
    copies.forget("klaviyo", "hubspot", "crm")
    copies.run()
    assert copies.sent() == [[], [], []]


def test_what_is_refused_holds_up_nobody_and_is_sent_anew(copies: Copies) -> None:
    for tool in copies.tools:
        tool.refuses = {"2", "7"}
        tool.fails.append(BUSY)
    said = copies.run(status=1)
    assert "person7@" not in said
    wanted = copies.published()
    for tool in copies.tools:
        assert tool.people == {one: row for one, row in wanted.items() if one not in tool.refuses}
    copies.run(status=1)
    assert [len(one) for one in copies.sent()] == [2, 2, 1]
    move(copies.url, 7, 0.98, seconds=1)
    copies.change("DELETE FROM customer_intelligence WHERE customer_id = 2")
    for tool in copies.tools:
        tool.refuses = set()
    copies.run()
    for tool in copies.tools:
        assert tool.people["7"]["churn_risk"] == 0.98
        assert "2" not in tool.people
    copies.run()
    assert copies.sent() == [[], [], []]


@pytest.mark.long
def test_a_tool_that_wants_a_rest_is_left_in_peace(copies: Copies) -> None:
    for tool in copies.tools[:2]:
        tool.rests_after = 30
    copies.run("--select", "klaviyo", "--select", "hubspot")
    for tool in copies.tools[:2]:
        assert (tool.turned_away, tool.hurried) == (2, 0)
        assert tool.people == copies.published()
        tool.rests_after = 2
    copies.change("DELETE FROM customers WHERE id <= 3")
    wait_for(perform_once(copies.url, as_of=AS_OF))
    copies.forget("klaviyo", "hubspot")
    for tool in copies.tools[:2]:
        assert tool.turned_away > 2
        assert tool.hurried == 0
        assert len(tool.people) == CLUSTERED_CUSTOMERS - 3


@pytest.mark.long
def test_who_cannot_be_deleted_is_asked_for_again(copies: Copies) -> None:
    copies.run("--select", "crm")
    crm = copies.tools[2]
    copies.change("DELETE FROM customers WHERE id <= 2")
    wait_for(perform_once(copies.url, as_of=AS_OF))
    crm.fails.append(Reply(403))
    said = copies.forget("crm", status=1)
    assert "crm does not forget customer" in said
    assert len({"1", "2"} & {*crm.people}) == 1
    copies.forget("crm")
    assert len(crm.requests) == 1
    assert {"1", "2"} & {*crm.people} == set()


@pytest.mark.long
def test_a_copy_that_is_killed_is_finished_by_the_next(copies: Copies) -> None:
    klaviyo = copies.tools[0]
    process = copies.start("--select", "klaviyo")
    wait_until(lambda: len(klaviyo.requests) >= 30)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    copies.run("--select", "klaviyo")
    assert klaviyo.people == copies.published()
    copies.run("--select", "klaviyo")
    assert klaviyo.requests == []
