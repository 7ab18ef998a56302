"""A list as a workbook is the list as CSV, cell by cell, and nothing in it is a formula."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

import httpx
import openpyxl
import pytest
from openpyxl.cell import Cell

from backend.api.lists.list_query import ListQuery
from backend.files import list_files
from backend.files.workbook_process import TOO_LONG, XLSX, make
from tests.api.test_lists_as_files import KEY, LIST, many_more
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ADMIN_KEY, Live, serving
from tests.performed import CLUSTERED_CUSTOMERS, NO_WORKER, clustered_shop
from tests.waiting import wait_until
from tests.web.browsing import entered

FORMULA = '=HYPERLINK("http://evil.example.org","Ada")'
MARKUP = "<b>Ada</b>&amp;"
HOSTILE = (
    f"UPDATE customers SET first_name = '{FORMULA}' WHERE id = 4",
    f"UPDATE customers SET first_name = '{MARKUP}', last_name = '+1' WHERE id = 5",
)


@pytest.fixture
def listed(new_database: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    url = new_database(clustered_shop)
    wait_for(execute(url, *HOSTILE))
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        yield live


def cells_of(answer: httpx.Response) -> list[list[Cell]]:
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows()]


def says(cell: Cell, text: str) -> bool:
    """Whether a cell holds what CSV has as a text."""
    match cell.value:
        case None:
            return text == ""
        case bool():
            return text == ("true" if cell.value else "false")
        case int() | float():
            # A sheet holds fifteen digits, and writes sixteen.
            return math.isclose(float(text), cell.value, rel_tol=1e-15)
    return bool(cell.value == text)


def test_a_workbook_is_the_csv_cell_by_cell(listed: Live) -> None:
    asked = {"sort": "customer_id"}
    table = listed.client.get(LIST, params={**asked, "format": "csv"}, headers=KEY)
    book = listed.client.get(LIST, params={**asked, "format": "xlsx"}, headers=KEY)
    texts = list(csv.reader(io.StringIO(table.text)))
    cells = cells_of(book)
    assert len(cells) == len(texts) == CLUSTERED_CUSTOMERS + 1
    assert [one.value for one in cells[0]] == texts[0]
    different = [
        (one.coordinate, one.value, text)
        for row, line in zip(cells, texts, strict=True)
        for one, text in zip(row, line, strict=True)
        if not says(one, text)
    ]
    assert different == []
    assert {one.data_type for row in cells for one in row} <= {"s", "n", "b"}
    values = [one.value for row in cells for one in row]
    assert f"'{FORMULA}" in values
    assert MARKUP in values
    assert book.headers["X-Run-ID"] == table.headers["X-Run-ID"]
    assert book.headers["content-type"] == XLSX
    assert book.headers["content-disposition"] == 'attachment; filename="customers.xlsx"'
    by_accept = listed.client.get(LIST, params=asked, headers={**KEY, "Accept": XLSX})
    assert [[one.value for one in row] for row in cells_of(by_accept)] == [
        [one.value for one in row] for row in cells
    ]
    audit = listed.get("/api/admin/audit", ADMIN_KEY).json()["entries"]
    assert [one["action"] for one in audit].count("list_exported") == 3


def test_the_room_gives_the_same_workbook(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as live:
        of_api = live.client.get(f"{LIST}?min_churn_risk=0.5&format=xlsx", headers=KEY)
        with entered(live) as client:
            page = client.get("/app/customers?min_churn_risk=0.5").text
            assert 'href="/app/customers/xlsx?min_churn_risk=0.5"' in page
            of_room = client.get("/app/customers/xlsx?min_churn_risk=0.5")
    told = [[[one.value for one in row] for row in cells_of(each)] for each in (of_api, of_room)]
    assert told[0] == told[1]
    assert len(told[0]) > 2


def test_what_is_refused_is_a_problem_and_no_workbook(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_sqlite(clustered_shop), tmp_path, variables=NO_WORKER) as live:
        refused = live.client.get(f"{LIST}?format=xlsx&sort=email", headers=KEY)
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        assert live.client.get(f"{LIST}?format=xlsx").status_code == 401


def test_who_leaves_makes_room_for_the_next(new_postgres: NewDatabase, tmp_path: Path) -> None:
    url = new_postgres(clustered_shop)
    wait_for(execute(url, *many_more()))
    with serving(url, tmp_path, variables={**NO_WORKER, "HEAVY_READS": "1"}) as live:
        with pytest.raises(httpx.ReadTimeout):
            live.client.get(LIST, params={"format": "xlsx"}, headers=KEY, timeout=1.0)
        few = {"format": "xlsx", "segment": "of_nobody"}
        wait_until(
            lambda: live.client.get(LIST, params=few, headers=KEY).status_code == 200,
            live.log.read_text,
        )
        audit = live.get("/api/admin/audit", ADMIN_KEY).json()["entries"]
    assert [one["action"] for one in audit] == ["list_exported"]
    assert "Traceback" not in live.log.read_text()


def test_more_than_a_sheet_holds_is_no_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_files, "ROWS_OF_A_SHEET", 2)
    path = tmp_path / "list.xlsx"
    told = f'{{"path": "{path}", "columns": [["customer_id", "text"]]}}\n'
    assert make(io.BytesIO(f"{told}1\r\n".encode())) == 0
    path.unlink()
    assert make(io.BytesIO(f"{told}1\r\n2\r\n".encode())) == TOO_LONG
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, "json"),
        ("*/*", "json"),
        (XLSX, "xlsx"),
        (f"text/csv;q=0.5, {XLSX};q=0.9", "xlsx"),
        (f"text/csv, {XLSX};q=0.9", "csv"),
        (f"{XLSX};q=0", "json"),
    ],
)
def test_accept_says_which_file(accept: str | None, wanted: str) -> None:
    assert ListQuery().wanted(accept) == wanted
