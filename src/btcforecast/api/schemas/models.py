"""Model versions."""

from __future__ import annotations

from pydantic import Field

from btcforecast.api.schemas.shared import Answer, Instant, RoleName, Source


class ModelVersion(Answer):
    """One fit of one model."""

    version: str
    model: str
    venue: str
    symbol: str
    simulated: bool
    trained_from: Instant
    trained_until: Instant
    created_at: Instant
    status: str = Field(description="ready, refused (its files were changed) or retired.")


class CardData(Answer):
    """What the version was fitted to."""

    n_candles: int
    missing_percent: float = Field(description="Five-minute candles of the span that do not exist.")
    n_events: int = Field(description="Scheduled events that the fit was told of.")


class CardScore(Answer):
    """Hourly forecasts over 30 days that the scored fit had not seen."""

    horizon: str
    n: int
    crps_bps: float = Field(description="Mean continuous ranked probability score, basis points.")
    coverage: dict[str, float] = Field(description="How often, in percent, the central interval of that name held the outcome.")


class HeldOutScores(Answer):
    """How the same model did on the last 30 days of the data when it was fitted to what came before them."""

    scored_from: Instant
    scored_until: Instant
    horizons: list[CardScore]


class ModelCard(Answer):
    """What the version is made from, how it did, and when not to use it; made at the fit and signed with the manifest."""

    data: CardData
    warnings: list[str]
    limits: list[str]
    not_for: list[str] = Field(description="When not to use it.")
    held_out: HeldOutScores | None = Field(None, description="Null where the history was too short, or the fit was for a replay.")


class ModelVersionDetail(Answer):
    """One version with its card and its signed manifest."""

    source: Source
    version: ModelVersion
    card: ModelCard | None = Field(description="Null for versions that were fitted before there were cards.")
    manifest: str = Field(description="The signed note: data range, parameters, scores, digests; the signature below it.")


class ModelSummary(Answer):
    """One model, as it is used."""

    model: str
    role: RoleName
    serving_version: str | None = Field(description="The version behind its newest forecast.")
    versions: list[ModelVersion] = Field(description="The newest ones, newest first.")


class ModelList(Answer):
    """The models that are issued in every cycle."""

    source: Source
    models: list[ModelSummary]
