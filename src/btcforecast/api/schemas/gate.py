"""The publish gate and the models' reigns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from btcforecast.api.schemas.shared import Answer, Instant, RoleName, Source

GateState = Literal["open", "demoted", "suspended", "withheld"]
Standing = Literal["open", "demoted", "suspended"]


class Served(Answer):
    """Which model's forecast this is, and why that one."""

    forecast_id: str
    model: str
    role: RoleName
    state: GateState = Field(
        description="open: the champion is served; demoted: the fallback. Replayed forecasts are not gated: open."
    )
    since: Instant | None = Field(description="The cycle with which this state began; null: from the start.")
    reason: str


class GateMeasure(Answer):
    """One figure that the gate looks at, with the limits that it must keep."""

    name: str
    group: Literal["inputs", "champion", "fallback", "scores", "coverage"]
    value: float | None = Field(description="Null where it cannot be taken.")
    low: float | None = Field(description="It must not be below this; null: no such limit.")
    high: float | None = Field(description="It must not be above this; null: no such limit.")
    n: int | None = Field(
        description="What it rests on: stretches of the horizon's length that hold a settled forecast. Null: nothing is counted."
    )
    n_needed: int | None = Field(description="With fewer it is not judged.")
    verdict: Literal["holds", "outside", "not_judged"]


class GateTransition(Answer):
    """One change of the gate's state, as its ledger entry has it."""

    as_of: Instant = Field(description="The cycle with which the state changed.")
    judged_at: Instant
    previous: GateState
    state: GateState
    standing: Standing
    served_model: str | None
    reason: str
    measure: str | None = Field(description="The name of the measure that caused it; null where none did.")
    ledger_seq: int


class Reign(Answer):
    """Since when a model has been champion, and how it came to be."""

    champion: str
    previous: str
    began_at: Instant
    kind: Literal["promotion", "rollback"]
    forced: bool = Field(description="The rule was not met, and somebody promoted it all the same.")
    reason: str
    ledger_seq: int


class Gate(Answer):
    """What the gate decided in the newest live cycle, and everything it looked at."""

    source: Source
    state: GateState
    standing: Standing = Field(description="What scores and coverage alone say; it outlasts the cycle.")
    since: Instant | None = Field(description="The cycle with which this state began; null: open from the start.")
    judged_at: Instant | None = Field(description="Null before the first live cycle.")
    reason: str
    champion: str
    fallback: str | None
    served_model: str | None = Field(description="Null where nothing is served.")
    measures: list[GateMeasure]
    transitions: list[GateTransition] = Field(description="The newest ones, newest first.")
    reigns: list[Reign] = Field(description="Promotions and rollbacks, newest first; empty while CHAMPION has always reigned.")
