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


class ModelVersionDetail(Answer):
    """One version with its signed manifest."""

    source: Source
    version: ModelVersion
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
