"""How much each plan may ask: the one table of plans."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PlanName(StrEnum):
    """The plans, from the one that may ask least to the one that may ask most."""

    FREE = "free"
    PRO = "pro"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class Plan:
    """What may be spent in a minute; most requests cost 1, and the OpenAPI document says which cost more (`x-cost`)."""

    per_minute: int
    """A person, over all keys and sessions."""
    per_minute_of_key: int
    """One key, so that a program gone wrong leaves something to the others."""


PLANS: Final = {
    PlanName.FREE: Plan(per_minute=1_200, per_minute_of_key=600),
    PlanName.PRO: Plan(per_minute=6_000, per_minute_of_key=3_000),
    PlanName.PARTNER: Plan(per_minute=30_000, per_minute_of_key=15_000),
}
