import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tradeoff
from tradeoff.frames import make_points
from tradeoff.serving.scalability import fit_law

# SPEC SDM91, as quoted by Gunther.
CLIENTS = [1, 18, 36, 72, 108, 144, 216]
JOBS = [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2]


def frame(clients, throughput, **more):
    return make_points(
        {"workload": "w", "concurrency": n, "throughput_rps": x, "status": "converged", **more}
        for n, x in zip(clients, throughput, strict=True)
    )


def test_the_published_benchmark():
    (found,) = tradeoff.scalability(frame(CLIENTS, JOBS))
    assert found.alone_rps == pytest.approx(89.9955, abs=5e-4)
    assert found.contention == pytest.approx(0.0277286, abs=5e-7)
    assert found.coherence == pytest.approx(1.04365e-4, rel=1e-5)
    assert found.peak == pytest.approx(96.52, abs=0.01)
    assert "highest with about 96.5 in flight" in found.sentence()


@given(st.floats(1e-3, 1e6), st.floats(0.0, 0.9), st.floats(0.0, 0.05))
def test_a_law_is_found_again(g, s, k):
    n = np.array([1.0, 2, 3, 4, 8, 16, 32, 64])
    x = g * n / (1 + s * (n - 1) + k * n * (n - 1))
    assert fit_law(n, x) == pytest.approx((g, s, k), rel=1e-6, abs=1e-7)


@given(st.lists(st.floats(0.5, 1.5), min_size=6, max_size=6))
def test_no_neighbour_has_smaller_squares(noise):
    n = np.array([1.0, 2, 4, 8, 16, 32])
    x = 10 * n / (1 + 0.05 * (n - 1) + 0.002 * n * (n - 1)) * np.array(noise)
    at = np.array(fit_law(n, x))

    def squares(g, s, k):
        return np.sum((x - g * n / (1 + s * (n - 1) + k * n * (n - 1))) ** 2)

    best = squares(*at)
    for place in range(3):
        for step in (-1e-3, 1e-3):
            beside = at.copy()
            beside[place] *= 1 + step
            assert squares(*beside) >= best * (1 - 1e-9)


def test_groups_are_never_pooled_and_too_few_are_not_fitted():
    both = pd.concat([frame(CLIENTS, JOBS, dtype="float32"), frame([1, 2, 4], [1, 2, 3], dtype="float16")])
    half, single = tradeoff.scalability(both.reset_index(drop=True))
    assert (half.group["dtype"], single.group["dtype"]) == ("float16", "float32")
    assert np.isnan(half.alone_rps)
    assert "3 values in flight do not carry the law: it takes 4" in half.sentence()
    assert not np.isnan(single.peak)


def test_failed_and_missing_rows_are_left_out():
    good = frame(CLIENTS, JOBS)
    bad = frame([300, 400], [1.0, np.nan]).assign(status="failed")
    (found,) = tradeoff.scalability(pd.concat([good, bad], ignore_index=True))
    assert found.concurrency == tuple(CLIENTS)


def test_the_law_of_a_closed_loop_with_one_worker_is_amdahl_without_coherence():
    run = tradeoff.simulate(lambda k: 1.0, max_batch_size=1, concurrency=[1, 2, 4, 8, 16], n_requests=2000)
    (found,) = tradeoff.scalability(run)
    assert found.contention == pytest.approx(1.0, abs=0.02)
    assert found.coherence == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("wrong", "said"), [(5, "pass a Run or its points"), (pd.DataFrame(), "no column 'concurrency'")]
)
def test_what_cannot_be_fitted(wrong, said):
    with pytest.raises((TypeError, ValueError), match=said):
        tradeoff.scalability(wrong)
