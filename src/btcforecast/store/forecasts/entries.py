"""The text of forecasts, settlements, corrections and missed cycles as their ledger entries carry it.

`docs/forecasts.md` describes every field for people who verify a ledger with their own code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from btcforecast.core import Distribution, Forecast, Horizon, Origin, Score, Series, from_rfc3339, to_rfc3339
from btcforecast.core.errors import IntegrityError
from btcforecast.store.forecasts.records import DueTarget, Outcome, Result, Role, SealedForecast

Body = dict[str, Any]


def forecast_body(
    forecast: Forecast, *, role: Role, is_scheduled: bool, known_at: int, sealed_at: int, borrowed_from: Sequence[str]
) -> Body:
    """Return the body of a `forecast` entry: all that is needed to score the forecast and to compute it again."""
    return {
        "forecast": forecast.id,
        **series_fields(forecast.series),
        "model": forecast.model,
        "model_version": forecast.model_version,
        "role": str(role),
        "scheduled": is_scheduled,
        "as_of": to_rfc3339(forecast.as_of),
        "known_at": to_rfc3339(known_at),
        "sealed_at": to_rfc3339(sealed_at),
        "spot": forecast.spot,
        "seed": forecast.seed,
        "data_digest": forecast.data_digest,
        **({} if forecast.calendar_digest is None else {"calendar_digest": forecast.calendar_digest}),
        "borrowed_from": list(borrowed_from),
        "quantiles": {str(horizon): law.quantiles.tolist() for horizon, law in forecast.distributions.items()},
    }


def sealed_forecast(entry_text: str, *, origin: Origin, ledger_seq: int, entry_hash: bytes) -> SealedForecast:
    """Return the forecast that a ledger entry carries; raises IntegrityError when the entry is not one."""
    try:
        body = json.loads(entry_text)["body"]
        forecast = Forecast(
            series=Series(body["venue"], body["symbol"]),
            model=body["model"],
            model_version=body["model_version"],
            as_of=from_rfc3339(body["as_of"]),
            spot=float(body["spot"]),
            distributions={
                Horizon.parse(name): Distribution(np.array(values, np.float64)) for name, values in body["quantiles"].items()
            },
            seed=int(body["seed"]),
            data_digest=body["data_digest"],
            origin=origin,
            calendar_digest=body.get("calendar_digest"),
        )
        if forecast.id != body["forecast"]:
            raise IntegrityError(f"Entry {ledger_seq} of the {origin} ledger names a forecast that its fields do not make.")
        return SealedForecast(
            forecast=forecast,
            role=Role(body["role"]),
            is_scheduled=bool(body["scheduled"]),
            sealed_at=from_rfc3339(body["sealed_at"]),
            known_at=from_rfc3339(body["known_at"]),
            borrowed_from=tuple(body["borrowed_from"]),
            ledger_seq=ledger_seq,
            entry_hash=entry_hash,
        )
    except (KeyError, TypeError, ValueError) as e:
        raise IntegrityError(f"Entry {ledger_seq} of the {origin} ledger is not a forecast.") from e


def distributions(entry_text: str, horizons: Iterable[Horizon]) -> dict[Horizon, Distribution]:
    """Return what a forecast's ledger entry says about these horizons: cheaper than the whole forecast."""
    quantiles = json.loads(entry_text)["body"]["quantiles"]
    return {horizon: Distribution(np.array(quantiles[str(horizon)], np.float64)) for horizon in horizons}


def settlement_body(due: Sequence[DueTarget], results: Sequence[Result]) -> Body:
    """Return the body of a `settlement` or `correction` entry: one horizon of one cycle, all models against one outcome."""
    first, result = due[0], results[0]
    outcome = result.outcome
    body: Body = {
        **series_fields(first.series),
        "as_of": to_rfc3339(first.as_of),
        "horizon": str(first.horizon),
        "target_at": to_rfc3339(first.target_at),
        "void_reason": result.void_reason,
        **_outcome_fields(outcome),
        "log_return": result.log_return,
        "scores": [_score_fields(target, found.score) for target, found in zip(due, results, strict=True)],
    }
    corrected = sorted({target.settlement_seq for target in due if target.settlement_seq is not None})
    return {**body, "corrects": corrected} if corrected else body


def missed_body(series: Series, as_of: int, *, reason: str) -> Body:
    """Return the body of a `missed_cycle` entry."""
    return {**series_fields(series), "as_of": to_rfc3339(as_of), "reason": reason}


def series_fields(series: Series) -> Body:
    """Return how every entry and event names its series."""
    return {"venue": series.venue, "symbol": series.symbol, "simulated": series.is_simulated}


def _outcome_fields(outcome: Outcome | None) -> Mapping[str, object]:
    return {
        "close": outcome.close if outcome else None,
        "borrowed_from": outcome.borrowed_from if outcome else None,
    }


def _score_fields(due: DueTarget, score: Score | None) -> Body:
    fields: Body = {"forecast": due.forecast_id, "entry": due.forecast_seq, "model": due.model}
    if score is None:
        return fields
    return {
        **fields,
        "crps_bps": score.crps_bps,
        "log_score": score.log_score,
        "pit": score.pit,
        "covered": {str(percent): covered for percent, covered in score.covered.items()},
        "interval_score_bps": {str(percent): value for percent, value in score.interval_score_bps.items()},
    }
