"""Answers that concern one person and are kept by no cache."""

from __future__ import annotations

from fastapi import Response

from btcforecast.api.schemas.shared import Answer


def personal(found: Answer, *, status: int = 200) -> Response:
    """Return the answer as JSON that is stored nowhere on its way."""
    return Response(
        found.model_dump_json(), status_code=status, media_type="application/json", headers={"cache-control": "no-store"}
    )
