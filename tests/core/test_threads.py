import threading
import time
from functools import partial

import pytest
from sklearn.utils import _openmp_helpers
from threadpoolctl import threadpool_info

from backend.core.threads import one_thread, side_by_side

SECONDS = 10


def libraries() -> set[int]:
    """How many threads each numeric library takes, as the thread that asks has it."""
    return {one["num_threads"] for one in threadpool_info()} | {
        _openmp_helpers._openmp_effective_n_threads()
    }


def test_as_much_is_done_at_once_as_there_are_threads_and_answers_keep_their_order() -> None:
    both = threading.Barrier(2, timeout=SECONDS)  # breaks where one waits for the other to end

    def work(number: int) -> int:
        both.wait()
        time.sleep(0.02 * (2 - number))  # the first ends last
        return number

    assert side_by_side([partial(work, 0), partial(work, 1)], 2) == [0, 1]


def test_in_one_thread_all_is_done_here_one_after_the_other() -> None:
    done: list[int] = []

    def work(number: int) -> threading.Thread:
        done.append(number)
        return threading.current_thread()

    where = side_by_side([partial(work, number) for number in range(3)], 1)
    assert set(where) == {threading.current_thread()}
    assert done == [0, 1, 2]


def test_each_thread_keeps_the_libraries_to_one_and_nobody_beside_it_is_kept_after() -> None:
    before = libraries()

    def work() -> set[int]:
        with one_thread():  # as what fits does for itself
            pass
        time.sleep(0.01)
        return libraries()

    assert side_by_side([work] * 6, 2) == [{1}] * 6
    assert libraries() == before


def test_what_one_of_them_raises_is_raised_and_what_has_not_begun_is_left() -> None:
    done: list[int] = []

    def fails() -> None:
        raise ZeroDivisionError

    def work() -> None:
        done.append(1)
        time.sleep(0.01)

    with pytest.raises(ZeroDivisionError):
        side_by_side([fails, *[work] * 200], 2)
    assert len(done) < 200
