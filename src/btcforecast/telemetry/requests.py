"""Counts and durations of HTTP requests, kept in plain lists: a tenth of what a request costs otherwise went into locks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BUCKETS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_LABELS: Final = (*(str(float(bound)) for bound in BUCKETS_S), "+Inf")


class RequestFigures(Collector):
    """Figures of one process; only its event loop writes them."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        self._durations: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Count one answered request."""
        key = (route, method, status)
        self._counts[key] = self._counts.get(key, 0) + 1
        buckets = self._durations.get(route)
        if buckets is None:
            buckets = self._durations[route] = [0] * len(_LABELS)
            self._sums[route] = 0.0
        buckets[bisect_left(BUCKETS_S, duration_s)] += 1
        self._sums[route] += duration_s

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus reads them."""
        requests = CounterMetricFamily(
            "btcforecast_http_requests",
            "Requests answered. route: the path's template, “page”, “limited” or “unmatched”; method; status: the three digits.",
            labels=("route", "method", "status"),
        )
        for (route, method, status), n in self._counts.items():
            requests.add_metric((route, method, str(status)), n)
        yield requests
        durations = HistogramMetricFamily(
            "btcforecast_http_request_duration_seconds",
            "Time from a request's head to the end of its answer. route: as above.",
            labels=("route",),
        )
        for route, buckets in self._durations.items():
            below, counted = [], 0
            for label, n in zip(_LABELS, buckets, strict=True):
                counted += n
                below.append((label, float(counted)))
            durations.add_metric((route,), below, self._sums[route])
        yield durations
