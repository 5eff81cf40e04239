"""Proper scores, calibration, and what a difference of scores is worth. Nothing here needs more than numpy."""

from btcforecast.engine.scoring.calibration import COVERAGES, covered, ensemble_pit, interval_ends, pit
from btcforecast.engine.scoring.crps import crps, crps_ensemble_sorted
from btcforecast.engine.scoring.diebold_mariano import DieboldMariano, diebold_mariano
from btcforecast.engine.scoring.interval_score import interval_score
from btcforecast.engine.scoring.log_score import log_score
from btcforecast.engine.scoring.pinball import pinball
from btcforecast.engine.scoring.qlike import qlike
from btcforecast.engine.scoring.score import Scores, score, score_many
from btcforecast.engine.scoring.skill import MIN_BLOCKS, Skill, paired_skill, verdict_of
from btcforecast.engine.scoring.synth import SynthScore, synth_parts, synth_parts_by_step, synth_score
from btcforecast.engine.scoring.variance import law_variances

__all__ = [
    "COVERAGES",
    "MIN_BLOCKS",
    "DieboldMariano",
    "Scores",
    "Skill",
    "SynthScore",
    "covered",
    "crps",
    "crps_ensemble_sorted",
    "diebold_mariano",
    "ensemble_pit",
    "interval_ends",
    "interval_score",
    "law_variances",
    "log_score",
    "paired_skill",
    "pinball",
    "pit",
    "qlike",
    "score",
    "score_many",
    "synth_parts",
    "synth_parts_by_step",
    "synth_score",
    "verdict_of",
]
