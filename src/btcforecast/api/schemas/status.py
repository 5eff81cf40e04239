"""What is running, and how well."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from btcforecast.api.schemas.gate import GateState
from btcforecast.api.schemas.ledger import Checkpoint
from btcforecast.api.schemas.shared import Answer, Instant, Source


class Worker(Answer):
    """One worker's last word."""

    name: str
    version: str
    activity: str = Field(description="What it is doing, in words.")
    alive: bool
    started_at: Instant
    beat_at: Instant


class Banner(Answer):
    """What the page says at its top."""

    level: Literal["ok", "info", "warning"]
    words: str


class Status(Answer):
    """What is running."""

    source: Source | None = Field(description="The market that is forecast; null while none is known.")
    banner: Banner
    version: str
    environment: str
    now: Instant
    champion: str = Field(description="The model that reigns.")
    fallback: str | None = Field(description="The model that stands in for it; null where there is no other.")
    challengers: list[str]
    baselines: list[str]
    gate: GateState = Field(
        description="What is served: open, the champion; demoted, the fallback; suspended or withheld, nothing."
    )
    served_model: str | None = Field(description="Null where nothing is served, or no cycle has passed the gate yet.")
    issue_every_s: int
    latest_forecast_id: str | None
    latest_forecast_at: Instant | None
    next_forecast_at: Instant
    checkpoint: Checkpoint | None = Field(description="The live ledger's newest checkpoint.")
    workers: list[Worker]
    n_stream_clients: int


class HealthStatus(StrEnum):
    """How something is doing."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


class Health(Answer):
    """The process answers."""

    status: HealthStatus


class Ready(Answer):
    """Whether requests can be served."""

    status: HealthStatus
    checks: dict[str, HealthStatus]


class Component(Answer):
    """One part's health. In production anonymous callers are told only the status."""

    status: HealthStatus
    reason: str | None
    facts: dict[str, str | int | float | bool | None]


class HealthDetail(Answer):
    """Every part's health: database, worker, data, models, ledger, mail, and each venue as `venue.NAME`."""

    status: HealthStatus
    version: str | None
    components: dict[str, Component]
