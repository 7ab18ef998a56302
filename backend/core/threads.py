"""One thread for numerics: the arrays are small, and threads that wait for each other cost more.

On a busy machine with two cores, a forecast of 240 customers took 9 s with the libraries' own
threads and 0.2 s with one; and sums in one thread are the same to the last digit everywhere.
"""

import sys
from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """Keep BLAS and OpenMP to one thread for the time of a `with` block."""
    limited: AbstractContextManager[object] = _controller(len(sys.modules)).limit(limits=1)
    return limited


@lru_cache(maxsize=1)
def _controller(_modules: int) -> ThreadpoolController:
    """Look for the libraries, again only where a module was imported that may have brought one.

    Looking took a twentieth of a small shop's forecast.
    """
    return ThreadpoolController()
