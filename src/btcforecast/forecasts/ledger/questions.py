"""Checks sealed questions and their answers: what models said follows from their laws, and scores from what was said and came true."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from btcforecast.core import Distribution, Floats, Horizon, from_rfc3339
from btcforecast.core.errors import IntegrityError
from btcforecast.forecasts.ledger.entries import Entry
from btcforecast.forecasts.questions import fixed

_ROUNDED: Final = 1.01 * 10**-fixed.DECIMALS
"""How far a sealed probability may be from ours: it is rounded, and the last digit may fall either way."""
_RELATIVE: Final = 1e-9
_PATHS_BELOW_LAW: Final = 1e-6

LawOf = Callable[[str, Horizon], Distribution]
"""The law that an open forecast, by its id, has for a horizon; raises IntegrityError where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What was said about one horizon, until it is answered."""

    as_of: int
    spot: float
    has_touch: bool
    said: Mapping[str, Floats]


class QuestionAudit:
    """Reads the `questions` and `answers` entries of one ledger in order."""

    def __init__(self, *, is_live: bool, law_of: LawOf, recall: Callable[[int], Entry]) -> None:
        self._is_live = is_live
        self._law_of = law_of
        self._recall = recall
        self._open: dict[tuple[int, Horizon], _Asked] = {}
        self.n_answers = 0

    def check_questions(self, entry: Entry) -> None:
        """Check what was said against the forecasts sealed before it."""
        body = entry.body
        if body["set"] != fixed.NUMBER:
            message = f"it asks set {body['set']!r} of questions, which this version does not know"
            raise IntegrityError(message)
        asked = _asked(body)
        horizons_s = [horizon.seconds for horizon in asked]
        as_of = from_rfc3339(body["as_of"])
        if not horizons_s or (self._is_live and not as_of <= entry.at < as_of + min(horizons_s)):
            message = (
                "the questions were not sealed between their own instant and the first one asked about, so they prove nothing"
            )
            raise IntegrityError(message)
        for horizon, one in asked.items():
            for model in body["models"]:
                self._check_said(one.said[model["model"]], self._law_of(model["forecast"], horizon), horizon, model)
            self._open[entry.seq, horizon] = one

    def check_answers(self, entry: Entry) -> None:
        """Check outcomes against the prices told, and scores against what was said."""
        for item in entry.body["answers"]:
            horizon, seq = Horizon.parse(item["horizon"]), item["questions"]
            asked = self._corrected(item, entry, horizon) if "corrects" in item else self._open.pop((seq, horizon), None)
            if asked is None:
                message = f"it answers {horizon} of entry {seq}, where no such question is open"
                raise IntegrityError(message)
            target_at = asked.as_of + horizon.seconds
            if (from_rfc3339(item["as_of"]), from_rfc3339(item["target_at"])) != (asked.as_of, target_at) or entry.at < target_at:
                message = f"it does not fit the questions in entry {seq}, or came before their instant"
                raise IntegrityError(message)
            _check_answer(item, asked, horizon)
            self.n_answers += 1

    def _check_said(self, said: Floats, law: Distribution, horizon: Horizon, model: Mapping[str, Any]) -> None:
        expected = fixed.law_probabilities(law, horizon)
        least = fixed.beyond(law, horizon)
        touched = said[fixed.PLACES[fixed.Kind.TOUCH]]
        if len(touched) and model["touch_from"] == "law":
            expected = np.concatenate((expected, fixed.reflected_touch(law, horizon)))
        is_possible = not len(touched) or (np.all(touched >= least - _PATHS_BELOW_LAW) and np.all(touched <= 1))
        if not is_possible or np.abs(said[: len(expected)] - expected).max() > _ROUNDED:
            message = f"what {model['model']} said about {horizon} is not what its quantiles give"
            raise IntegrityError(message)

    def _corrected(self, item: Mapping[str, Any], entry: Entry, horizon: Horizon) -> _Asked:
        earlier, questions = (self._recall(_before(item[name], entry)) for name in ("corrects", "questions"))
        told = [(one["questions"], one["horizon"]) for one in earlier.body["answers"]]
        if (item["questions"], item["horizon"]) not in told or questions.kind != "questions":
            message = f"it corrects entry {item['corrects']}, which did not answer these questions"
            raise IntegrityError(message)
        return _asked(questions.body)[horizon]


def _asked(body: Mapping[str, Any]) -> dict[Horizon, _Asked]:
    names = [model["model"] for model in body["models"]]
    found = {}
    for name, rows in body["probabilities"].items():
        said = np.array(rows, np.float64)
        has_touch = said.shape == (len(names), fixed.n_questions(has_touch=True))
        if not has_touch and said.shape != (len(names), fixed.n_questions(has_touch=False)):
            message = f"it does not have one probability for each model and question of {name}"
            raise IntegrityError(message)
        by_model = dict(zip(names, said, strict=True))
        found[Horizon.parse(name)] = _Asked(from_rfc3339(body["as_of"]), float(body["spot"]), has_touch, by_model)
    return found


def _check_answer(item: Mapping[str, Any], asked: _Asked, horizon: Horizon) -> None:
    outcomes = fixed.outcomes(
        horizon, spot=asked.spot, close=item["close"], high=item.get("high"), low=item.get("low"), has_touch=asked.has_touch
    )
    for kind, place in fixed.PLACES.items():
        found = outcomes[place]
        told = item["outcomes"].get(str(kind))
        expected = None if not len(found) or np.any(found == fixed.VOID) else found.tolist()
        if told != expected:
            message = f"the outcomes of “{kind}” at {horizon} are not those that the prices give"
            raise IntegrityError(message)
    if np.any(outcomes == fixed.VOID) and not item["void_reason"]:
        message = "it has neither outcome nor reason"
        raise IntegrityError(message)
    expected_scores = {
        model: {str(kind): value for kind, value in fixed.brier(said, outcomes).items()} for model, said in asked.said.items()
    }
    told_scores = item["brier"]
    if {model: set(scores) for model, scores in told_scores.items()} != {m: set(s) for m, s in expected_scores.items()}:
        message = "it does not have one score for each model and answered kind"
        raise IntegrityError(message)
    for model, scores in expected_scores.items():
        for name, value in scores.items():
            if not math.isclose(float(told_scores[model][name]), value, rel_tol=_RELATIVE, abs_tol=_RELATIVE):
                message = f"the Brier score of {model} for “{name}” is {told_scores[model][name]!r}, but it must be {value!r}"
                raise IntegrityError(message)


def _before(seq: object, entry: Entry) -> int:
    if not isinstance(seq, int) or not 0 <= seq < entry.seq:
        message = f"it names {seq!r} as an earlier entry"
        raise IntegrityError(message)
    return seq
