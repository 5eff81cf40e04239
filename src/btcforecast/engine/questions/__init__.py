"""Answers to questions about the price, all from one coherent set of laws and paths (see docs/questions.md). Pure numpy."""

from btcforecast.engine.questions.estimate import Estimate
from btcforecast.engine.questions.laws import law_at, probability_above, probability_between, probability_beyond
from btcforecast.engine.questions.pathset import PathSet, build_path_set
from btcforecast.engine.questions.risk import Risk, risk
from btcforecast.engine.questions.spread import Spread, spread
from btcforecast.engine.questions.touch import Passage, Touch, TouchTime, passage, touch, touch_many

__all__ = [
    "Estimate",
    "Passage",
    "PathSet",
    "Risk",
    "Spread",
    "Touch",
    "TouchTime",
    "build_path_set",
    "law_at",
    "passage",
    "probability_above",
    "probability_between",
    "probability_beyond",
    "risk",
    "spread",
    "touch",
    "touch_many",
]
