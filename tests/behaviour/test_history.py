import numpy as np
import pytest

from backend.behaviour.history import OrderHistory, in_order

AS_OF = np.datetime64("2024-03-10T12:00")


def history(*rows: tuple[int, str, float], customer_count: int = 4) -> OrderHistory:
    customers, instants, amounts = zip(*rows, strict=True)
    return OrderHistory.from_orders(
        np.array(customers),
        np.array(instants, dtype="datetime64[us]"),
        np.array(amounts),
        customer_count=customer_count,
        as_of=AS_OF,
    )


ROWS = (
    (2, "2024-03-01T23:59", 5.0),
    (0, "2024-02-01T10:00", 1.0),
    (2, "2024-03-02T00:00", 7.0),
    (0, "2024-01-15T10:00", 2.0),
    (0, "2024-02-01T18:00", 4.0),
    (3, "2024-03-10T11:59", 9.0),
)


def test_orders_are_sorted_by_customer_then_time() -> None:
    sorted_history = history(*ROWS)
    assert sorted_history.offsets.tolist() == [0, 3, 3, 5, 6]
    assert sorted_history.amount.tolist() == [2.0, 1.0, 4.0, 5.0, 7.0, 9.0]
    assert sorted_history.frequency.tolist() == [3, 0, 2, 1]
    assert sorted_history.customer_index.tolist() == [0, 0, 0, 2, 2, 3]


def test_the_sequence_of_the_rows_does_not_matter() -> None:
    ties = (*ROWS, (0, "2024-02-01T10:00", 3.0))
    forwards, backwards = history(*ties), history(*ties[::-1])
    assert forwards.amount.tolist() == backwards.amount.tolist()
    assert forwards.created_at.tolist() == backwards.created_at.tolist()


def test_orders_at_or_after_as_of_are_left_out() -> None:
    kept = history(*ROWS, (1, "2024-03-10T12:00", 8.0), (1, "2025-01-01T00:00", 8.0))
    assert len(kept.amount) == len(ROWS)
    assert kept.frequency[1] == 0


def test_an_earlier_view_keeps_all_customers_and_only_earlier_orders() -> None:
    earlier = history(*ROWS).before(np.datetime64("2024-02-01T18:00"))
    assert earlier.customer_count == 4
    assert earlier.frequency.tolist() == [2, 0, 0, 0]
    assert earlier.as_of == np.datetime64("2024-02-01T18:00")


def test_a_later_view_is_the_history_itself() -> None:
    later = history(*ROWS).before(np.datetime64("2030-01-01"))
    assert later.as_of == AS_OF
    assert len(later.amount) == len(ROWS)


def test_orders_of_one_day_merge_into_one_purchase_day() -> None:
    days = history(*ROWS).purchase_days()
    assert days.customer.tolist() == [0, 0, 2, 2, 3]
    assert days.spend.tolist() == [2.0, 5.0, 5.0, 7.0, 9.0]
    assert days.orders.tolist() == [1, 2, 1, 1, 1]


def test_an_order_earlier_today_is_before_the_day_the_history_ends() -> None:
    days = history(*ROWS).purchase_days()
    assert days.as_of_day == int(np.datetime64("2024-03-11").astype(int))
    assert days.day.max() < days.as_of_day


def test_a_history_at_midnight_ends_with_the_day_before() -> None:
    days = history(*ROWS).before(np.datetime64("2024-03-10")).purchase_days()
    assert days.as_of_day == int(np.datetime64("2024-03-10").astype(int))


def test_purchase_days_can_be_cut_by_time_and_customer() -> None:
    days = history(*ROWS).purchase_days()
    cutoff = int(np.datetime64("2024-03-01").astype(int))
    assert days.before(cutoff).day.max() < cutoff
    assert days.between(cutoff, cutoff + 2).spend.tolist() == [5.0, 7.0]
    assert days.of(np.array([0, 3])).customer.tolist() == [0, 0, 3]


def test_a_shop_without_orders_is_a_history_too() -> None:
    empty = OrderHistory.from_orders(
        np.zeros(0, dtype=np.int64),
        np.zeros(0, dtype="datetime64[us]"),
        np.zeros(0),
        customer_count=2,
        as_of=AS_OF,
    )
    assert empty.frequency.tolist() == [0, 0]
    assert len(empty.purchase_days().day) == 0


@pytest.mark.parametrize("amount", [0.0, -1.0, np.nan, np.inf])
def test_an_amount_that_is_no_amount_is_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        history((0, "2024-01-01", amount))


@pytest.mark.parametrize("customer", [-1, 4])
def test_a_customer_out_of_range_is_refused(customer: int) -> None:
    with pytest.raises(ValueError, match="customer_index"):
        history((customer, "2024-01-01", 1.0))


def test_orders_that_are_in_order_are_not_copied() -> None:
    ordered = history(*ROWS)
    again = OrderHistory.from_orders(
        ordered.customer_index,
        ordered.created_at,
        ordered.amount,
        customer_count=ordered.customer_count,
        as_of=AS_OF,
    )
    assert again.created_at is ordered.created_at
    assert again.amount is ordered.amount
    assert again.offsets.tolist() == ordered.offsets.tolist()


@pytest.mark.parametrize(
    "rows",
    [
        ((1, "2024-01-01", 1.0), (0, "2024-01-02", 2.0)),
        ((0, "2024-01-02", 1.0), (0, "2024-01-01", 2.0)),
        ((0, "2024-01-01", 2.0), (0, "2024-01-01", 1.0)),
    ],
)
def test_what_is_out_of_order_in_one_way_alone_is_put_in_order(
    rows: tuple[tuple[int, str, float], ...],
) -> None:
    given, expected = history(*rows), history(*rows[::-1])
    assert given.amount.tolist() == expected.amount.tolist() == [rows[1][2], rows[0][2]]
    assert given.created_at.tolist() == expected.created_at.tolist()


@pytest.mark.parametrize("customers", [1, 300, 70_000, 5_000_000_000])
@pytest.mark.parametrize("instants", [1, 40, 10**9])
@pytest.mark.parametrize("by_time", [False, True])
def test_orders_are_sorted_by_customer_then_time_then_amount(
    customers: int, instants: int, by_time: bool
) -> None:
    chance = np.random.default_rng(customers + instants)
    customer = chance.integers(0, customers, 3_000)
    created = chance.integers(0, instants, 3_000).astype("datetime64[us]")
    amount = chance.integers(1, 4, 3_000)
    if by_time:
        created.sort()
    told = list(
        zip(customer.tolist(), created.tolist(), amount.tolist(), range(3_000), strict=True)
    )
    assert in_order(customer, created, amount).tolist() == [row for *_, row in sorted(told)]
