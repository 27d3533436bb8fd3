import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
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
    assert "highest with about 96.5 (" in found.sentence()
    assert found.peak_lo < 96.52 < found.peak_hi


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


def with_intervals(clients, throughput, share):
    rows = frame(clients, throughput)
    return rows.assign(
        throughput_rps_lo=rows["throughput_rps"] * (1 - share), throughput_rps_hi=rows["throughput_rps"] * (1 + share)
    )


def noisy(law, clients, share, seed):
    rng = np.random.default_rng(seed)
    n = np.array(clients, float)
    return law(n) * (1 + share * rng.standard_normal(len(n)))


RISING = {
    "linear": lambda n: 10 * n,
    "Amdahl": lambda n: 10 * n / (1 + 0.05 * (n - 1)),
    "levels off": lambda n: 10 * np.minimum(n, 8),
    "faster than linear": lambda n: n**1.3,
}


@pytest.mark.parametrize("law", RISING.values(), ids=RISING)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.05])
def test_what_rises_has_no_peak(law, share):
    clients = [1, 2, 4, 8, 16, 32]
    named = [
        tradeoff.scalability(frame(clients, noisy(law, clients, share, seed)))[0].verdict != "no peak"
        for seed in range(25 if share else 1)
    ]
    assert sum(named) <= 4


@pytest.mark.parametrize("stated", [False, True])
def test_a_peak_is_found_and_its_interval_holds_it(stated):
    clients, peak, share = [1, 2, 4, 8, 16, 32, 64], 20.0, 0.02
    found = []
    for seed in range(30):
        x = noisy(lambda n: 10 * n / (1 + 0.03 * (n - 1) + 0.97 / peak**2 * n * (n - 1)), clients, share, seed)
        (one,) = tradeoff.scalability(with_intervals(clients, x, 1.96 * share) if stated else frame(clients, x))
        found.append(one.verdict == "peak" and one.peak_lo <= peak <= one.peak_hi)
        assert one.peak_lo <= one.peak <= one.peak_hi
    assert sum(found) >= 26


def test_a_peak_beyond_what_was_measured_is_said_to_be_extrapolated():
    n = np.array([1.0, 2, 4, 8, 16, 32])
    (found,) = tradeoff.scalability(frame(n, 10 * n / (1 + 0.02 * (n - 1) + 0.98 / 50**2 * n * (n - 1))))
    assert (found.verdict, found.peak) == ("extrapolated", pytest.approx(50, rel=0.01))
    assert "no peak within what was measured (up to 32 in flight)" in found.sentence()
    assert "extrapolated" in found.sentence()


def test_linear_data_say_beyond_where_a_peak_could_lie():
    (found,) = tradeoff.scalability(frame([1, 2, 4, 8, 16, 32], [10, 20, 40, 80, 160, 320]))
    assert np.isnan(found.peak)
    assert found.peak_lo > 32
    assert "no peak within what was measured (up to 32 in flight)" in found.sentence()
    assert found.contention_lo < 0 < found.contention_hi
    assert found.coherence_lo < 0 < found.coherence_hi


def test_three_values_show_a_fall_if_their_intervals_do():
    (found,) = tradeoff.scalability(frame([1, 8, 64], [1, 5, 2]))
    assert (found.verdict, np.isnan(found.peak)) == ("unknown", True)
    (found,) = tradeoff.scalability(with_intervals([1, 8, 64], [1, 5, 2], 0.05))
    assert (found.verdict, found.peak, found.peak_lo, found.peak_hi) == ("peak", 8, 1, 64)
    (found,) = tradeoff.scalability(with_intervals([1, 8, 64], [1, 5, 2], 0.9))
    assert found.verdict == "unknown"
    (found,) = tradeoff.scalability(frame([1, 8, 64] * 4, [1, 5, 2, 1.1, 5.2, 2.1, 0.9, 4.9, 1.9, 1, 5.1, 2]))
    assert (found.verdict, found.peak) == ("peak", 8)


def test_throughput_that_only_falls_is_highest_at_the_least_that_was_measured():
    (found,) = tradeoff.scalability(frame([1, 2, 4, 8, 16], [100, 60, 30, 15, 8]))
    assert (found.verdict, found.peak, found.peak_hi) == ("peak", 1, 2)


@settings(max_examples=40)
@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=8), st.booleans())
def test_any_throughputs_have_an_answer(throughput, stated):
    clients = 2 ** np.arange(len(throughput))
    rows = with_intervals(clients, throughput, 0.1) if stated else frame(clients, throughput)
    (found,) = tradeoff.scalability(rows)
    assert found.sentence()
    if not np.isnan(found.peak):
        assert found.peak_lo <= found.peak <= found.peak_hi


@pytest.mark.parametrize(
    ("wrong", "said"), [(5, "pass a Run or its points"), (pd.DataFrame(), "no column 'concurrency'")]
)
def test_what_cannot_be_fitted(wrong, said):
    with pytest.raises((TypeError, ValueError), match=said):
        tradeoff.scalability(wrong)
