"""The variance that a law implies, against a fine sum over its quantile function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.core import LEVELS, Distribution
from btcforecast.engine.scoring import law_variances

LOGITS = np.log(LEVELS / (1 - LEVELS))


def test_a_logistic_law_has_its_textbook_variance():
    assert law_variances(0.3 + 0.02 * LOGITS[None, :])[0] == pytest.approx((0.02 * np.pi) ** 2 / 3, rel=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(-1, 1), st.floats(1e-4, 1))
def test_variance_is_that_of_the_published_law(seed: int, shift: float, size: float):
    steps = np.random.default_rng(seed).gamma(0.7, 1, 105)
    law = shift + size * np.cumsum(steps + 1e-3)
    fine = Distribution(law).quantile((np.arange(400_000) + 0.5) / 400_000)
    assert law_variances(law[None, :])[0] == pytest.approx(np.var(fine), rel=2e-3)
