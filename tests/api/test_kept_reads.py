"""Totals of a list are counted once for one state of what is served."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from backend.api.kept_reads import KeptReads
from backend.results.customer_filter import CustomerFilter
from backend.store.lists import Totals
from backend.store.runs import Published
from backend.store.served import Served

NOW = datetime(2024, 6, 1, tzinfo=UTC)
SERVED = Served(Published("run", NOW, "integer", 0), erased=0, last_erased_at=None)
RISKY = CustomerFilter(min_churn_risk=Decimal("0.5"))


class Counted:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> Totals:
        self.times += 1
        return Totals(self.times, {}, {}, {})


async def test_totals_are_counted_once_for_each_list() -> None:
    kept, count = KeptReads(), Counted()
    assert [(await kept.of(SERVED, RISKY, count)).total for _ in range(3)] == [1, 1, 1]
    assert (await kept.of(SERVED, CustomerFilter(), count)).total == 2
    same = CustomerFilter(min_churn_risk=Decimal("0.50"))
    assert (await kept.of(SERVED, same, count)).total == 1


async def test_a_run_a_correction_and_an_erasure_end_them() -> None:
    kept, count = KeptReads(), Counted()
    later = Published("later", NOW, "integer", 0)
    corrected = Published("run", NOW, "integer", 1)
    states = [
        SERVED,
        replace(SERVED, published=later),
        replace(SERVED, published=corrected),
        replace(SERVED, erased=1, last_erased_at=NOW),
    ]
    assert [(await kept.of(one, RISKY, count)).total for one in states] == [1, 2, 3, 4]


async def test_none_are_kept_where_no_answer_is_repeated() -> None:
    kept, count = KeptReads(0), Counted()
    assert [(await kept.of(SERVED, RISKY, count)).total for _ in range(2)] == [1, 2]
