"""Every metric, in one place, with what its label values can be; `docs/reference/metrics.md` is checked against this file."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY: Final = CollectorRegistry()

http_requests: Final = Counter(
    "btcforecast_http_requests_total",
    "Requests answered. route: the path's template, or “unmatched”; method; status: the three digits.",
    ("route", "method", "status"),
    registry=REGISTRY,
)
http_duration: Final = Histogram(
    "btcforecast_http_request_duration_seconds",
    "Time from the first byte of a request to the last of its answer. route: as above.",
    ("route",),
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
venue_calls: Final = Counter(
    "btcforecast_venue_calls_total",
    "Calls to exchanges. venue; outcome: ok, retried, failed, refused (breaker open).",
    ("venue", "outcome"),
    registry=REGISTRY,
)
venue_breaker: Final = Gauge(
    "btcforecast_venue_breaker_state",
    "State of a venue's circuit breaker: 0 closed, 1 half open, 2 open. venue.",
    ("venue",),
    registry=REGISTRY,
)
