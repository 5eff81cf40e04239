"""What several answers have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from btcforecast.core import Origin

Instant = Annotated[str, Field(description="RFC 3339, UTC.", examples=["2025-12-01T00:00:00Z"])]
Hash = Annotated[str, Field(description="SHA-256 in hex.", pattern="^[0-9a-f]{64}$")]
RoleName = Literal["champion", "fallback", "challenger", "baseline"]


class Answer(BaseModel):
    """The root of all answers."""

    # Answers are documentation too: a field that may be null is still always there.
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Source(Answer):
    """Where data come from and how far they can be relied on."""

    venue: str
    symbol: str
    simulated: bool = Field(description="The prices are generated, not real.")
    origin: Origin | None = Field(description="live: sealed before the outcome; replayed: computed later; null: not a forecast.")
    as_of: Instant | None = Field(description="The instant up to which these data are known; null where there are none.")
    age_s: int | None = Field(description="Seconds since `as_of`, when this was answered.")
    stale: bool = Field(description="Older than they should be.")
    borrowed_from: list[str] = Field(description="Venues that lent recent candles while the own one was away.")


class Problem(Answer):
    """Why there is no answer (RFC 9457, application/problem+json)."""

    type: str = Field(description="Names the kind of problem: a fragment of /docs, such as /docs#problem-not-found.")
    title: str
    status: int
    detail: str = Field(description="A sentence for people.")
    instance: str = Field(description="The path that was asked.")
    request_id: str = Field(description="Names the request in the service's logs.")
    errors: list[ParameterError] = Field(default=[], description="What is wrong with which parameter.")


class ParameterError(Answer):
    """What is wrong with one parameter."""

    parameter: str
    message: str


Problem.model_rebuild()
