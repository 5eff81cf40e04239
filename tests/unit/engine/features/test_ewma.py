from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from btcforecast.engine.features.ewma import Ewma

values = st.lists(st.floats(0, 1e3), min_size=1, max_size=60)


def slow_ewma(seen: list[float], half_life: float) -> float:
    """The definition: every value weighted by a half for each half-life of age."""
    weights = [0.5 ** ((len(seen) - 1 - i) / half_life) for i in range(len(seen))]
    return sum(w * x for w, x in zip(weights, seen, strict=True)) / sum(weights)


@settings(deadline=None)
@given(values, st.floats(0.5, 500))
def test_the_recursion_equals_its_definition(seen: list[float], half_life: float):
    found = Ewma(half_life).run(np.array(seen))
    expected = [slow_ewma(seen[: i + 1], half_life) for i in range(len(seen))]
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-9)


@settings(deadline=None)
@given(values, st.integers(0, 60))
def test_any_cut_gives_the_same_bits(seen: list[float], cut: int):
    whole, parts = Ewma(144.0), Ewma(144.0)
    whole.update(np.array(seen))
    parts.update(np.array(seen[:cut]))
    for value in seen[cut:]:
        parts.update(np.array([value]))
    assert (whole.raw, whole.n) == (parts.raw, parts.n)
