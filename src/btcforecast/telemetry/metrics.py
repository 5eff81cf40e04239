"""Every metric, in one place, with what its label values can be; `docs/reference/metrics.md` is checked against this file."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from btcforecast.telemetry.requests import RequestFigures

REGISTRY: Final = CollectorRegistry()

http_figures: Final = RequestFigures()
"""btcforecast_http_requests_total and btcforecast_http_request_duration_seconds."""
REGISTRY.register(http_figures)
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
venue_call_duration: Final = Histogram(
    "btcforecast_venue_call_duration_seconds",
    "Time of one attempt to call an exchange, waiting for its rate limit included. venue; call: markets, candles, price.",
    ("venue", "call"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
venue_clock_skew: Final = Gauge(
    "btcforecast_venue_clock_skew_seconds",
    "How far an exchange's clock is ahead of ours, by the Date of its newest answer. venue.",
    ("venue",),
    registry=REGISTRY,
)
venue_rows_rejected: Final = Counter(
    "btcforecast_venue_rows_rejected_total",
    "Candles left out because they cannot be. venue; reason: unreadable, off_grid, impossible, future, duplicate, contradicting.",
    ("venue", "reason"),
    registry=REGISTRY,
)
candles_written: Final = Counter(
    "btcforecast_candles_written_total",
    "Candles that ingest stored. venue: where they came from; outcome: new, revised.",
    ("venue", "outcome"),
    registry=REGISTRY,
)
candles_age: Final = Gauge(
    "btcforecast_candles_age_seconds",
    "Time since the close of the newest stored candle, after the last ingest. series: venue:symbol.",
    ("series",),
    registry=REGISTRY,
)
fallback_refused: Final = Counter(
    "btcforecast_fallback_refused_total",
    "Times that a fallback venue's prices were not believed. venue.",
    ("venue",),
    registry=REGISTRY,
)
prices_received: Final = Counter(
    "btcforecast_prices_received_total",
    "Live prices. venue; via: websocket, poll, simulated.",
    ("venue", "via"),
    registry=REGISTRY,
)
price_reconnects: Final = Counter(
    "btcforecast_price_reconnects_total",
    "Times that the stream of live prices broke or fell silent and was opened again. venue.",
    ("venue",),
    registry=REGISTRY,
)
model_refusals: Final = Counter(
    "btcforecast_model_refusals_total",
    "Model versions passed over because their files were changed, cut or not signed. model.",
    ("model",),
    registry=REGISTRY,
)
http_limited: Final = Counter(
    "btcforecast_http_limited_total",
    "Requests refused because their address, person or key had spent what it may.",
    registry=REGISTRY,
)
http_limits_open: Final = Counter(
    "btcforecast_http_limits_open_total",
    "Requests let through uncounted because too many addresses, people and keys were being counted.",
    registry=REGISTRY,
)
http_limits_store_up: Final = Gauge(
    "btcforecast_http_limits_store_up",
    "1 while counts are shared through RATE_LIMIT_STORE; 0 while it is away, or where none is set.",
    registry=REGISTRY,
)
stream_clients: Final = Gauge(
    "btcforecast_stream_clients",
    "Clients connected to the event stream.",
    registry=REGISTRY,
)
stream_dropped: Final = Counter(
    "btcforecast_stream_dropped_total",
    "Clients of the event stream let go because they read too slowly.",
    registry=REGISTRY,
)
forecasts_sealed: Final = Counter(
    "btcforecast_forecasts_sealed_total",
    "Forecasts sealed in the ledger. origin: live, replayed; model.",
    ("origin", "model"),
    registry=REGISTRY,
)
cycles_missed: Final = Counter(
    "btcforecast_cycles_missed_total",
    "Scheduled cycles recorded as missed. origin: live, replayed.",
    ("origin",),
    registry=REGISTRY,
)
targets_settled: Final = Counter(
    "btcforecast_targets_settled_total",
    "Targets that got their score. origin: live, replayed; outcome: settled, void, corrected.",
    ("origin", "outcome"),
    registry=REGISTRY,
)
calendar_events_ahead: Final = Gauge(
    "btcforecast_calendar_events_ahead",
    "Scheduled events that are still to come; 0 where the calendar has run out or there is none.",
    registry=REGISTRY,
)
calendar_age: Final = Gauge(
    "btcforecast_calendar_age_seconds",
    "Time since the calendar of scheduled events last changed; 0 where there is none.",
    registry=REGISTRY,
)
calendar_refusals: Final = Counter(
    "btcforecast_calendar_refusals_total",
    "Times that CALENDAR_FILE was found to be no calendar, so that the old one was kept.",
    registry=REGISTRY,
)
gate_state: Final = Gauge(
    "btcforecast_gate_state",
    "1 for the state that the publish gate is in, 0 for the others. state: open, demoted, suspended, withheld.",
    ("state",),
    registry=REGISTRY,
)
gate_transitions: Final = Counter(
    "btcforecast_gate_transitions_total",
    "Times that the publish gate changed to a state. state: open, demoted, suspended, withheld.",
    ("state",),
    registry=REGISTRY,
)
gate_measure: Final = Gauge(
    "btcforecast_gate_measure",
    "What the publish gate looked at in the newest cycle; docs/gate.md names each measure. measure.",
    ("measure",),
    registry=REGISTRY,
)
drift_coverage: Final = Gauge(
    "btcforecast_drift_coverage_percent",
    "Share of outcomes that the champion's central interval held. horizon; window: 7d, 30d, 90d; nominal: 50, 80, 90, 95.",
    ("horizon", "window", "nominal"),
    registry=REGISTRY,
)
drift_pit_distance: Final = Gauge(
    "btcforecast_drift_pit_distance",
    "Kolmogorov–Smirnov distance of the champion's PIT values from the uniform law. horizon; window: 7d, 30d, 90d.",
    ("horizon", "window"),
    registry=REGISTRY,
)
drift_skill: Final = Gauge(
    "btcforecast_drift_skill",
    "The champion's CRPS skill. horizon; window: 7d, 30d, 90d; baseline.",
    ("horizon", "window", "baseline"),
    registry=REGISTRY,
)
drift_inputs: Final = Gauge(
    "btcforecast_drift_inputs_psi",
    "Population stability index of relative return sizes against the training year. window: 7d, 30d, 90d.",
    ("window",),
    registry=REGISTRY,
)
drift_volatility: Final = Gauge(
    "btcforecast_drift_volatility_percent",
    "Mean |return| against the training year's, in percent. window: 7d, 30d, 90d.",
    ("window",),
    registry=REGISTRY,
)
drift_missing: Final = Gauge(
    "btcforecast_drift_missing_percent",
    "Candles that should be there and are not. window: 7d, 30d, 90d.",
    ("window",),
    registry=REGISTRY,
)
mail_letters: Final = Counter(
    "btcforecast_mail_letters_total",
    "Letters that this process tried to send. outcome: sent, retried (put off), failed (given up).",
    ("outcome",),
    registry=REGISTRY,
)
mail_waiting: Final = Gauge(
    "btcforecast_mail_waiting",
    "Letters that are not sent yet, due or put off.",
    registry=REGISTRY,
)
mail_oldest: Final = Gauge(
    "btcforecast_mail_oldest_age_seconds",
    "Time since the oldest letter that waits was written; 0 where none waits.",
    registry=REGISTRY,
)
job_duration: Final = Histogram(
    "btcforecast_job_duration_seconds",
    "Time of one step of a job. job: fetch, calendar, issue, settle, checkpoint, refill, refit, promote, drift, replay, tidy; outcome: done, failed.",
    ("job", "outcome"),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900),
    registry=REGISTRY,
)
