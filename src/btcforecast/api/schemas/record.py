"""The track record and calibration."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from btcforecast.api.schemas.shared import Answer, Instant, RoleName, Source


class Window(StrEnum):
    """Targets that fell due within so long before the end of the record."""

    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    ALL = "all"


class HorizonName(StrEnum):
    """The horizons of every forecast."""

    H1 = "1h"
    H4 = "4h"
    H12 = "12h"
    H24 = "24h"
    D3 = "3d"
    D7 = "7d"
    D30 = "30d"


class SkillFigure(Answer):
    """1 − mean CRPS / the baseline's mean CRPS on the same forecasts; nulls where there are too few to say."""

    baseline: str
    n: int
    n_blocks: int = Field(description="How many independent stretches of time the n forecasts span.")
    value: float
    low: float | None = Field(description="Lower end of the 95 % block-bootstrap interval.")
    high: float | None
    p_value: float | None = Field(description="Diebold–Mariano, two-sided.")
    verdict: str = Field(description="better, worse, unproven or too_few.")
    words: str


class CoverageFigure(Answer):
    """The share of outcomes that the central interval held."""

    nominal_percent: int
    observed_percent: float
    n: int


class Figures(Answer):
    """How one model fared at one horizon within one window."""

    model: str
    role: RoleName
    horizon: str
    window: str
    n: int
    mean_crps_bps: float | None
    skill: list[SkillFigure]
    coverage: list[CoverageFigure]
    pit_counts: list[int] = Field(description="Outcomes in 20 equal bins of [0, 1].")
    words: str


class TrackRecord(Answer):
    """How every model fared against every baseline. Live and replayed forecasts are never mixed."""

    source: Source
    until: Instant | None = Field(description="The instant at which every window ends.")
    first_as_of: Instant | None
    last_as_of: Instant | None
    n_cycles_issued: int
    n_cycles_missed: int
    n_settled: int
    figures: list[Figures]


class PitBin(Answer):
    """One bar of the PIT histogram."""

    low: float
    high: float
    count: int


class ReliabilityPoint(Answer):
    """How often the outcome fell below the quantile of that level."""

    level: float
    observed: float


class WeekOfCoverage(Answer):
    """Coverage of the targets that fell due in one week from Monday 00:00 UTC."""

    week_from: Instant
    n: int
    observed_percent: dict[str, float] = Field(description="By nominal percent.")


class Calibration(Answer):
    """Whether stated probabilities came true as often as stated, for one model and horizon."""

    source: Source
    model: str | None = Field(description="Null where nothing has been settled.")
    horizon: str
    window: str
    n: int
    pit: list[PitBin]
    expected_per_bin: float
    reliability: list[ReliabilityPoint]
    coverage: list[CoverageFigure]
    coverage_by_week: list[WeekOfCoverage]
