"""Intervals that allow for several looks."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.frames import make_points
from tradeoff.objective import Objective
from tradeoff.search.bounds import factor_for, judged, stretched

LIMIT = Objective.parse("maximize throughput subject to p99 <= 10 ms").constraints


def rows(*ends):
    return make_points(
        {"batch_size": at + 1, "status": "partial", "n_errors": 0, "n_rejected": 0, "n": 900, "latency_p99_ms": value,
         "latency_p99_ms_lo": low, "latency_p99_ms_hi": high}
        for at, (value, low, high) in enumerate(ends)
    )  # fmt: skip


@pytest.mark.parametrize("looks", [1, 6, 180])
def test_the_factor_is_bonferronis(looks):
    miss = 2 * (1 - NormalDist().cdf(factor_for(looks) * NormalDist().inv_cdf(0.975)))
    assert miss == pytest.approx(0.05 / looks)


@given(st.floats(0.01, 1e6), st.floats(1.0, 3.0), st.floats(1.0, 3.0), st.floats(1.0, 4.0))
def test_ends_move_outward_by_the_factor_of_their_logarithms(value, below, above, factor):
    (low,), (high,) = stretched(rows((value, value / below, value * above)), "latency_p99_ms", factor)
    assert np.log(value / low) == pytest.approx(factor * np.log(below), abs=1e-6)
    assert np.log(high / value) == pytest.approx(factor * np.log(above), abs=1e-6)


def test_what_is_open_stays_open_and_what_is_final_is_judged_as_decide_judges():
    nan = float("nan")
    frame = rows((5.0, 4.9, 5.1), (9.5, 9.3, 9.8), (20.0, 19.0, 21.0), (10.3, 10.1, 10.5), (5.0, nan, nan), (nan,) * 3)
    running, final = np.zeros(6, dtype=bool), np.ones(6, dtype=bool)
    sure, possible = judged(frame, LIMIT, 2.0, is_final=running)
    assert sure.tolist() == [True, False, False, False, False, False]
    assert possible.tolist() == [True, True, False, True, True, True]
    sure, possible = judged(frame, LIMIT, 2.0, is_final=final)
    assert sure.tolist()[:4] == [True, True, False, False]
    assert possible.tolist()[:4] == [True, True, False, False]
