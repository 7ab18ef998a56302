"""The report's table of money: a row for each segment, and one that adds them up."""

import json

from backend.api.runs.example import REPORT
from backend.report.money_by_segment import money_by_segment
from backend.results.run_report import RunReport
from backend.store.stored import REPORT as REPORT_KIND


def test_the_last_row_counts_the_customers_of_all_others() -> None:
    report: RunReport = REPORT_KIND.read(json.dumps({"format": 2, **REPORT}))
    assert report.outlook is not None
    *rows, total = money_by_segment(report.segments, report.outlook)
    counted = [int(one.customers.replace(",", "")) for one in rows]
    assert counted == [one.customer_count for one in report.segments]
    assert total.customers == f"{sum(counted):,}" != f"{len(counted)}"
