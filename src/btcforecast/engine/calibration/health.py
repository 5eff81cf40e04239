"""What a model says of its own condition; the publish gate judges it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """A model's own measures. A model that does not measure itself has the neutral ones.

    scale_ratio: its scale one step ahead ÷ the 90-day mean of that scale. tracking: the largest |log factor| by which online
    recalibration moves a published width.
    """

    scale_ratio: float = 1.0
    tracking: float = 0.0
