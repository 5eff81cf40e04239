"""The drift report: whether the present is still what the model was made for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from btcforecast.api.schemas.record import CoverageFigure, SkillFigure
from btcforecast.api.schemas.shared import Answer, Instant, Source

DriftWindow = Literal["7d", "30d", "90d"]
DriftLevel = Literal["none", "moderate", "major", "too_few"]


class CalibrationDrift(Answer):
    """How the champion's laws have held at one horizon within one window."""

    window: DriftWindow
    horizon: str
    n: int = Field(description="Settled forecasts.")
    n_stretches: int = Field(description="Stretches of the horizon's length that hold one: overlapping forecasts count once.")
    coverage: list[CoverageFigure]
    pit_distance: float | None = Field(
        description="Kolmogorov–Smirnov distance of the PIT values from the uniform law, 0 to 1; null where none is settled."
    )
    pit_distance_usual: float | None = Field(
        description="The distance that a calibrated model exceeds once in twenty times with so many stretches (1.358 / √n)."
    )
    skill: list[SkillFigure] = Field(description="Against fallback and baselines.")


class InputDrift(Answer):
    """How the market differs, within one window, from the one that the champion's version was trained on."""

    window: DriftWindow
    n_candles: int
    missing_percent: float = Field(description="Candles that should be there and are not.")
    volatility_percent: float | None = Field(description="Mean |five-minute return| ÷ that of the training year, in percent.")
    psi: float | None = Field(
        description="Population stability index of |return| ÷ its own daily average, against the training year, over deciles."
    )
    level: DriftLevel = Field(description="none: PSI below 0.1; moderate: below 0.25; major: above.")


class Drift(Answer):
    """The drift report of the champion. Only live forecasts enter."""

    source: Source
    model: str
    model_version: str | None
    trained_until: Instant | None
    until: Instant = Field(description="The instant at which every window ends.")
    calibration: list[CalibrationDrift]
    inputs: list[InputDrift]
    words: list[str] = Field(description="What stands out, as sentences; empty where nothing does.")
