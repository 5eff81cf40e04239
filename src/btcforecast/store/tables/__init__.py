"""The tables, one file a domain. Instants are Unix seconds (BIGINT, UTC); log returns and prices are doubles."""

from btcforecast.store.tables.accounts import api_keys, audit_entries, audit_networks, people, usage_days
from btcforecast.store.tables.calendar import calendar_files, scheduled_events
from btcforecast.store.tables.feed import events, live_prices
from btcforecast.store.tables.forecasts import (
    cycles,
    forecast_paths,
    forecasts,
    model_versions,
    targets,
)
from btcforecast.store.tables.gate import gate_states, gate_transitions, reigns
from btcforecast.store.tables.ledger import (
    ledger_checkpoints,
    ledger_entries,
    ledger_nodes,
)
from btcforecast.store.tables.market import (
    candle_absences,
    candle_revisions,
    candles,
    series,
    venue_states,
)
from btcforecast.store.tables.metadata import metadata
from btcforecast.store.tables.questions import sealed_questions
from btcforecast.store.tables.secrets import mail_messages, secret_keys
from btcforecast.store.tables.sessions import (
    login_attempts,
    one_time_tokens,
    passkeys,
    recovery_codes,
    refresh_tokens,
    sessions,
    totp_secrets,
)
from btcforecast.store.tables.workers import workers

__all__ = [
    "api_keys",
    "audit_entries",
    "audit_networks",
    "calendar_files",
    "candle_absences",
    "candle_revisions",
    "candles",
    "cycles",
    "events",
    "forecast_paths",
    "forecasts",
    "gate_states",
    "gate_transitions",
    "ledger_checkpoints",
    "ledger_entries",
    "ledger_nodes",
    "live_prices",
    "login_attempts",
    "mail_messages",
    "metadata",
    "model_versions",
    "one_time_tokens",
    "passkeys",
    "people",
    "recovery_codes",
    "refresh_tokens",
    "reigns",
    "scheduled_events",
    "sealed_questions",
    "secret_keys",
    "series",
    "sessions",
    "targets",
    "totp_secrets",
    "usage_days",
    "venue_states",
    "workers",
]
