"""The room Cohorts: its cells beside what pandas makes of the shop's own orders."""

import csv
import re
import sqlite3
from html import unescape
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest

from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, perform_once
from tests.shops import AS_OF, VARIABLES, fill, invented
from tests.web.browsing import MASKED_KEY, entered

FAR_EAST = "Pacific/Auckland"
CAME_BACK, BROUGHT = "Who came back", "What they have brought"


def orders_of(live: Live) -> pd.DataFrame:
    """Return the shop's orders that count, with the month of each and of the customer's first."""
    question = (
        "SELECT customer_id, created_at, CAST(total_price AS REAL) AS amount FROM orders "
        "WHERE financial_status = 'paid'"
    )
    with sqlite3.connect(live.url.removeprefix("sqlite:///")) as connection:
        orders = pd.read_sql(question, connection, parse_dates=["created_at"])
    orders["month"] = orders["created_at"].dt.to_period("M")
    orders["first"] = orders.groupby("customer_id")["month"].transform("min")
    orders["after"] = (orders["month"] - orders["first"]).map(lambda one: one.n)
    # As of the first of June, all months of the shop are over.
    assert orders["created_at"].max() < pd.Timestamp(AS_OF.replace(tzinfo=None))
    return orders


def page_of(live: Live, key: str = API_KEY) -> str:
    with entered(live, key) as client:
        answer = client.get("/app/cohorts")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def rows(page: str, title: str) -> list[list[str]]:
    """Return the texts of the table that has this label, row by row, its head first."""
    found = page.partition(f'role="group" aria-label="{title}"')[2].partition("</table>")[0]
    texts = [re.findall(r"<t[hd].*?</t[hd]>", one) for one in re.findall(r"<tr>.*?</tr>", found)]
    return [[re.sub(r"<[^>]+>", "", one) for one in row] for row in texts]


@pytest.mark.parametrize("key", [API_KEY, MASKED_KEY, ADMIN_KEY])
def test_every_cell_says_who_came_back_in_that_month(paged: Live, key: str) -> None:
    orders = orders_of(paged)
    sizes = orders.groupby("first")["customer_id"].nunique()
    came = orders.groupby(["first", "after"])["customer_id"].nunique()
    last = pd.Period("2024-05", "M")
    head, *shown, _ = rows(page_of(paged, key), CAME_BACK)
    assert head[2:] == [str(after) for after in range(1, len(head) - 1)]
    assert [row[0] for row in shown] == [f"{one:%b %Y}" for one in sizes.index[::-1]]
    for row, month in zip(shown, sizes.index[::-1], strict=True):
        shares = [
            came.get((month, after), 0) / sizes[month] for after in range(1, (last - month).n + 1)
        ]
        assert row[1:] == [f"{sizes[month]:,}", *(f"{100 * one:.0f} %" for one in shares)]


def test_each_month_leads_to_its_customers_and_nobody_else(paged: Live) -> None:
    assert listed(paged) == first_in_each_month(orders_of(paged))


def test_months_and_their_lists_are_of_the_shops_time_zone(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    # The shop's tables name no offset: their months are those of its zone, and no other's.
    zone = {"SHOP_TIME_ZONE": FAR_EAST}

    async def far_east(url: str) -> None:
        await fill(url, invented(120))
        await perform_once(url, VARIABLES | zone, as_of=AS_OF)

    with serving(new_sqlite(far_east), tmp_path, variables=NO_WORKER | zone) as live:
        assert listed(live) == first_in_each_month(orders_of(live))


def first_in_each_month(orders: pd.DataFrame) -> dict[str, set[str]]:
    """Return who ordered first in which month."""
    by_month = orders.groupby("first")["customer_id"]
    return {f"{month:%b %Y}": {*map(str, some)} for month, some in by_month}


def listed(live: Live) -> dict[str, set[str]]:
    """Follow the link of each month, and see that its list says as many as the room did."""
    found = {}
    with entered(live) as client:
        table = client.get("/app/cohorts").text.partition("<tbody>")[2].partition("</tbody>")[0]
        for row in re.findall(r"<tr>.*?</tr>", table):
            month, link, customers = re.findall(
                r'>(\w+ \d+)</th>.*?href="([^"]+)"[^>]*>(.*?)<', row
            )[0]
            assert f"{customers} customer" in client.get(unescape(link)).text
            asked = urlsplit(unescape(link)).query
            file = client.get(f"/app/customers/csv?{asked}&fields=customer_id").text
            ids = {one["customer_id"] for one in csv.DictReader(StringIO(file.lstrip("\ufeff")))}
            assert f"{len(ids):,}" == customers
            found[month] = ids
    return found


def test_what_a_customer_has_brought_adds_up_month_by_month(paged: Live) -> None:
    orders = orders_of(paged)
    sizes = orders.groupby("first")["customer_id"].nunique()
    by_cell = orders.groupby(["first", "after"])["amount"].sum()
    _, *shown, _ = rows(page_of(paged), BROUGHT)
    for row, month in zip(shown, sizes.index[::-1], strict=True):
        brought = by_cell[month].reindex(range(len(row) - 2), fill_value=0).cumsum() / sizes[month]
        told = [f"{one:,.0f}" if one >= 99.5 else f"{one:,.2f}" for one in brought]
        assert row[2:] == told


def test_the_last_row_is_the_mean_over_all_customers(paged: Live) -> None:
    orders, last = orders_of(paged), pd.Period("2024-05", "M")
    page = page_of(paged)
    first = orders.groupby("customer_id")["first"].min()
    together = rows(page, CAME_BACK)[-1]
    assert together[:2] == ["All", f"{len(first):,}"]
    for after, shown in enumerate(together[2:], 1):
        reached = first[first <= last - after]
        came = orders[(orders["after"] == after) & orders["customer_id"].isin(reached.index)]
        assert shown == f"{100 * came['customer_id'].nunique() / len(reached):.0f} %"
    in_a_hundred = together[2].replace(" %", " in 100")
    assert f"<h1>{in_a_hundred} new customers order again in the month after" in page


def test_a_cell_is_the_warmer_the_more_it_says(paged: Live) -> None:
    for title in (CAME_BACK, BROUGHT):
        table = page_of(paged).partition(f'aria-label="{title}"')[2].partition("</tbody>")[0]
        cells = re.findall(r'<td class="heat-(\d)">([\d,.]+)', table)
        told = sorted((float(said.replace(",", "")), int(warmth)) for warmth, said in cells)
        assert [warmth for _, warmth in told] == sorted(warmth for _, warmth in told)
        assert told[0][1] <= 1
        assert told[-1][1] == 9


def test_a_shop_without_a_month_that_is_over_says_so(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    async def without_orders(url: str) -> None:
        await fill(url, invented(1))
        await perform_once(url, as_of=AS_OF.replace(year=2020))

    with serving(new_sqlite(without_orders), tmp_path, variables=NO_WORKER) as live:
        page = page_of(live)
    assert "<h1>Nobody has ordered in a month that is over</h1>" in page
    assert "<table" not in page


def test_a_report_from_before_there_were_cohorts_says_so(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url = new_sqlite(earlier)
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        assert "<h1>The run that is served has not looked at cohorts</h1>" in page_of(live)


async def earlier(url: str) -> None:
    """Prepare a shop whose run left a report as earlier versions did."""
    await fill(url, invented(20))
    await perform_once(url, as_of=AS_OF)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE intelligence_runs SET report = json_remove(report, '$.cohorts')")
