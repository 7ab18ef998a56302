"""Requests, counted in plain numbers that become Prometheus's metrics when its page is read.

The library's own counters lock, and its histogram walks along the buckets: that cost an eighth of a
bare route. One event loop counts, and it also tells; nothing has to be locked.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from starlette.types import Scope

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
BOUNDS = (*map(floatToGoString, SECONDS), "+Inf")


class Told(NamedTuple):
    """A metric's name, meaning and labels."""

    name: str
    meaning: str
    labels: tuple[str, ...]

    def sample(self, suffix: str, *values: str, **more: str) -> str:
        """Name one of its samples, as the library does in the files that processes share."""
        labels, of_labels = [*self.labels, *more], [*values, *more.values()]
        return mmap_key(self.name, f"{self.name}{suffix}", labels, of_labels, self.meaning)


ANSWERED = Told(
    "intelligence_requests", "Requests that were answered.", ("method", "route", "status")
)
DURATION = Told("intelligence_request_seconds", "How long answering took.", ("route",))


class Tally:
    """Numbers that grow; where other processes are to add them up, a file has them too.

    Parameters
    ----------
    samples
        What each number is called in the file.
    file
        Of this process alone.
    """

    __slots__ = ("_file", "_samples", "values")

    def __init__(self, samples: Sequence[str], file: MmapedDict | None) -> None:
        self._samples = samples
        self._file = file
        # A process may have the number of one that has ended, and goes on where that ended.
        self.values = [0.0 if file is None else _kept(file, name) for name in samples]

    def write(self, at: int) -> None:
        """Tell the file how far one of them has grown."""
        if self._file is not None:
            self._file.write_value(self._samples[at], self.values[at], 0.0)  # type: ignore[no-untyped-call]


def _kept(file: MmapedDict, sample: str) -> float:
    value: float = file.read_value(sample)[0]  # type: ignore[no-untyped-call]
    return value


class Requests(Collector):
    """Counts requests; what belongs to a route is looked up once, not each time.

    Parameters
    ----------
    folder
        Where several processes count together; None: this one counts alone.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder
        self._known: dict[tuple[str, str, int], tuple[Tally, Tally]] = {}
        self._answered: dict[tuple[str, str, str], Tally] = {}
        self._durations: dict[str, Tally] = {}

    def count(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """Count an answer.

        Parameters
        ----------
        scope
            The request's.
        route
            The pattern of its path; a path that no route has is "unknown".
        status, seconds
            Of the answer.
        """
        key = scope["method"], route, status
        answered, durations = self._known.get(key) or self._begin(*key)
        bucket = bisect_left(SECONDS, seconds)
        answered.values[0] += 1
        durations.values[bucket] += 1
        durations.values[-1] += seconds
        if self.folder is not None:
            answered.write(0)
            durations.write(bucket)
            durations.write(-1)

    def collect(self) -> Iterator[Metric]:
        """Tell what this process has counted."""
        answered = CounterMetricFamily(ANSWERED.name, ANSWERED.meaning, labels=ANSWERED.labels)
        for labels, tally in self._answered.items():
            answered.add_metric(labels, tally.values[0])
        durations = HistogramMetricFamily(DURATION.name, DURATION.meaning, labels=DURATION.labels)
        for route, tally in self._durations.items():
            *within, total = tally.values
            buckets = list(zip(BOUNDS, accumulate(within), strict=True))
            durations.add_metric((route,), buckets, total)
        yield answered
        yield durations

    def _begin(self, method: str, route: str, status: int) -> tuple[Tally, Tally]:
        labels = method if method in METHODS else OTHER, route, str(status)
        if labels not in self._answered:
            names = [ANSWERED.sample("_total", *labels)]
            self._answered[labels] = Tally(names, self._files.get("counter"))
        if route not in self._durations:
            names = [DURATION.sample("_bucket", route, le=bound) for bound in BOUNDS]
            names.append(DURATION.sample("_sum", route))
            self._durations[route] = Tally(names, self._files.get("histogram"))
        begun = self._answered[labels], self._durations[route]
        if labels[0] != OTHER:  # whose methods are as many as strangers think of
            self._known[method, route, status] = begun
        return begun

    @cached_property
    def _files(self) -> Mapping[str, MmapedDict]:
        """The files of this process, opened by its first request, beside the library's own."""
        if self.folder is None:
            return {}
        kinds = "counter", "histogram"
        name = f"requests_{os.getpid()}.db"
        return {kind: MmapedDict(Path(self.folder, f"{kind}_{name}")) for kind in kinds}  # type: ignore[no-untyped-call]
