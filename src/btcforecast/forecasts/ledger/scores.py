"""Checks what entries say, beyond that they are unchanged: that forecasts were sealed in time and scores are what they must be.

The scores are computed again from the quantiles in the forecast's entry and the outcome in the settlement's. Nothing else is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from btcforecast.core import Distribution, Horizon, from_rfc3339
from btcforecast.core.errors import BtcForecastError, IntegrityError
from btcforecast.engine.scoring import score
from btcforecast.forecasts.ledger.entries import Entry
from btcforecast.forecasts.ledger.questions import QuestionAudit

_RELATIVE: Final = 1e-9
"""How far a score may be from ours: another machine's logarithm may differ in the last digits, and in nothing more."""


@dataclass(slots=True)
class _Sealed:
    """What scoring needs of a forecast; a horizon is dropped once settled, so memory holds only what is still open."""

    id: str
    series: tuple[str, str]
    as_of: int
    spot: float
    laws: dict[Horizon, Distribution]


class ScoreAudit:
    """Reads one ledger's entries in order and refuses the first that contradicts another."""

    def __init__(self, *, is_live: bool, recall: Callable[[int], Entry]) -> None:
        """Take `recall` to read an earlier entry again, which only corrections need."""
        self._is_live = is_live
        self._recall = recall
        self._open: dict[int, _Sealed] = {}
        self._seqs: dict[str, int] = {}
        self._questions = QuestionAudit(is_live=is_live, law_of=self._law_of, recall=recall)
        self.n_forecasts = 0
        self.n_scores = 0

    @property
    def n_answers(self) -> int:
        """Return how many answers to sealed questions were computed again."""
        return self._questions.n_answers

    def check(self, entry: Entry) -> None:
        """Check one entry; raises IntegrityError with what is wrong with it."""
        checks = {
            "forecast": self._check_forecast,
            "settlement": self._check_settlement,
            "correction": self._check_correction,
            "questions": self._questions.check_questions,
            "answers": self._questions.check_answers,
        }
        if (check := checks.get(entry.kind)) is None:
            return
        try:
            check(entry)
        except (KeyError, TypeError, ValueError) as e:
            message = f"the {entry.kind} lacks a field or has one of another kind ({e})"
            raise IntegrityError(message) from e
        except IntegrityError:
            raise
        except BtcForecastError as e:
            raise IntegrityError(str(e)) from e

    def _check_forecast(self, entry: Entry) -> None:
        sealed = _sealed(entry.body)
        first_target = sealed.as_of + min(sealed.laws).seconds
        if self._is_live and not sealed.as_of <= entry.at < first_target:
            message = "the forecast was not sealed between its own instant and its first target, so it proves nothing"
            raise IntegrityError(message)
        if sealed.id in self._seqs:
            message = f"the forecast {sealed.id} was sealed before"
            raise IntegrityError(message)
        self._seqs[sealed.id] = entry.seq
        self._open[entry.seq] = sealed
        self.n_forecasts += 1

    def _law_of(self, forecast_id: str, horizon: Horizon) -> Distribution:
        sealed = self._open.get(self._seqs.get(forecast_id, -1))
        if sealed is None or horizon not in sealed.laws:
            message = f"it asks {horizon} of the forecast {forecast_id}, which is not open"
            raise IntegrityError(message)
        return sealed.laws[horizon]

    def _check_settlement(self, entry: Entry) -> None:
        horizon = Horizon.parse(entry.body["horizon"])
        for scored in entry.body["scores"]:
            sealed = self._open.get(scored["entry"])
            if sealed is None or horizon not in sealed.laws:
                message = f"it settles {horizon} of entry {scored['entry']}, which is no open forecast of that horizon"
                raise IntegrityError(message)
            self._check_score(entry, scored, sealed, horizon)
            del sealed.laws[horizon]
            if not sealed.laws:
                del self._open[scored["entry"]]

    def _check_correction(self, entry: Entry) -> None:
        horizon = Horizon.parse(entry.body["horizon"])
        corrected = [self._recall(_earlier(seq, entry)) for seq in entry.body["corrects"]]
        settled = {scored["entry"] for earlier in corrected for scored in earlier.body["scores"]}
        if not corrected or any(earlier.body["horizon"] != entry.body["horizon"] for earlier in corrected):
            message = "it corrects no settlement of its horizon"
            raise IntegrityError(message)
        for scored in entry.body["scores"]:
            if scored["entry"] not in settled:
                message = f"it corrects entry {scored['entry']}, which the settlement named did not settle"
                raise IntegrityError(message)
            self._check_score(entry, scored, _sealed(self._recall(_earlier(scored["entry"], entry)).body), horizon)

    def _check_score(self, entry: Entry, scored: Mapping[str, Any], sealed: _Sealed, horizon: Horizon) -> None:
        body = entry.body
        target_at = sealed.as_of + horizon.seconds
        told = (scored["forecast"], (body["venue"], body["symbol"]), from_rfc3339(body["as_of"]), from_rfc3339(body["target_at"]))
        if told != (sealed.id, sealed.series, sealed.as_of, target_at) or entry.at < target_at:
            message = f"it does not fit the forecast in entry {scored['entry']}, or came before its target"
            raise IntegrityError(message)
        if body["log_return"] is None:
            if "crps_bps" in scored or not body["void_reason"]:
                message = "it has a score without an outcome, or neither outcome nor reason"
                raise IntegrityError(message)
            return
        log_return = float(body["log_return"])
        _compare("log_return", log_return, math.log(float(body["close"]) / sealed.spot))
        ours = score(sealed.laws[horizon], log_return)
        for name, value in (("crps_bps", ours.crps_bps), ("log_score", ours.log_score), ("pit", ours.pit)):
            _compare(name, float(scored[name]), value)
        if scored["covered"] != {str(percent): bool(covered) for percent, covered in ours.covered.items()}:
            message = f"“covered” of {sealed.id} is not what its quantiles and the outcome give"
            raise IntegrityError(message)
        for percent, value in ours.interval_score_bps.items():
            _compare(f"interval_score_bps.{percent}", float(scored["interval_score_bps"][str(percent)]), value)
        self.n_scores += 1


def _sealed(body: Mapping[str, Any]) -> _Sealed:
    laws = {Horizon.parse(name): Distribution(np.array(values, np.float64)) for name, values in body["quantiles"].items()}
    if not laws:
        message = "the forecast has no horizon"
        raise IntegrityError(message)
    return _Sealed(body["forecast"], (body["venue"], body["symbol"]), from_rfc3339(body["as_of"]), float(body["spot"]), laws)


def _earlier(seq: object, entry: Entry) -> int:
    if not isinstance(seq, int) or not 0 <= seq < entry.seq:
        message = f"it names {seq!r} as an earlier entry"
        raise IntegrityError(message)
    return seq


def _compare(name: str, told: float, ours: float) -> None:
    if not math.isclose(told, ours, rel_tol=_RELATIVE, abs_tol=_RELATIVE):
        message = f"“{name}” is {told!r}, but the forecast's quantiles and the outcome give {ours!r}"
        raise IntegrityError(message)
