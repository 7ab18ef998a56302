"""What Today says of where the shop is going."""

from backend.results.shop_course import ShopCourse, YearOverYear
from backend.wording.today_sentences import course, known_bring


def told(
    spend: tuple[float, float], new: tuple[float, float], again: tuple[float, float | None]
) -> str:
    return course(
        ShopCourse(
            spend=YearOverYear.of(*spend),
            new_customers=YearOverYear.of(*new),
            ordering_again=YearOverYear.of(*again),
        )
    )


def test_a_shop_that_shrinks_is_said_to() -> None:
    assert told((880.0, 1000.0), (80.0, 100.0), (0.31, 0.37)) == (
        "Over the last year, beside the one before: the shop sold 12 % less; 20 % fewer customers "
        "were new; 31 in 100 of those known at its beginning ordered, 37 in the year before."
    )


def test_a_shop_that_grows_is_said_to() -> None:
    assert told((1300.0, 1000.0), (100.0, 100.0), (0.4, None)) == (
        "Over the last year, beside the one before: the shop sold 30 % more; "
        "as many customers were new."
    )


def test_nothing_is_compared_with_a_year_without_orders() -> None:
    assert told((1300.0, 0.0), (9.0, 0.0), (0.4, None)) == ""


def test_what_is_expected_is_said_to_come_from_customers_who_are_known() -> None:
    assert known_bring(365) == "from customers known by now, in the next 12 months"
