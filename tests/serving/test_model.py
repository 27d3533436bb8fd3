"""What follows from a model, against brute force over all batch sizes."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.figures import frames
from tradeoff.frames import NEVER_POOLED, Run, make_points
from tradeoff.serving import ServiceModel, service

POWERS = tuple(2**power for power in range(10))


def points(times, sizes=POWERS, *, share=0.01, column="latency_p50_ms", **more):
    """Rows whose times are known to a `share`."""
    rows = []
    for size, time in zip(sizes, times, strict=True):
        row = frames.row(frames.identity(batch_size=size), p99=2.0 * time, **more)
        row |= {column: time, f"{column}_lo": (1 - share) * time, f"{column}_hi": (1 + share) * time}
        rows.append(row)
    return rows


def model(times, sizes=POWERS, **more) -> ServiceModel:
    (found,) = service(make_points(points(times, sizes, **more)))
    return found


def affine(a, c, **more):
    return model([a + c * b for b in POWERS], **more)


def roofline(a, m, c):
    return model([a + max(m, c * b) for b in POWERS])


def gains(found):
    """Throughput that one more request gains, batch size by batch size, finely."""
    sizes = np.linspace(0.5, 250, 100_001)
    throughput = found.throughput_rps(sizes)
    return sizes[1:], np.diff(throughput) / np.diff(sizes)


@given(a=st.floats(0.05, 20.0), c=st.floats(0.05, 0.5))
def test_beyond_the_halving_batch_a_request_gains_less_than_half(a, c):
    found = affine(a, c)
    sizes, gain = gains(found)
    at_one = gain[np.searchsorted(sizes, 1.0)]
    assert found.halving_batch.value == pytest.approx(sizes[np.argmax(gain <= at_one / 2)], abs=0.02, rel=1e-3)
    assert found.halving_batch.value == pytest.approx(math.sqrt(2) + (math.sqrt(2) - 1) * a / c, rel=1e-5)


@given(a=st.floats(0.05, 20.0), c=st.floats(0.05, 0.5))
def test_half_of_the_highest_throughput(a, c):
    found = affine(a, c)
    half = found.half_throughput_batch.value
    assert half == pytest.approx(a / c, rel=1e-5)
    assert found.throughput_rps(half) == pytest.approx(found.limit_rps.value / 2, rel=1e-6)
    assert found.fixed_ms.value / found.time_ms(half) == pytest.approx(0.5, rel=1e-5)


@given(a=st.floats(0.01, 5.0), m=st.floats(1.0, 20.0), kink=st.floats(4.0, 60.0))
def test_the_rooflines_closed_forms(a, m, kink):
    assume(abs(a - m) > 0.05 * m)
    found = roofline(a, m, m / kink)
    assume(found.form == "roofline")
    assert found.kink_batch.value == pytest.approx(kink, rel=1e-4)
    assert found.memory_ms.value == pytest.approx(m, rel=1e-4)
    sizes, gain = gains(found)
    # A hair more than half: on the flat part the gain is constant.
    expected = sizes[np.argmax(gain <= gain[0] / 2 * (1 + 1e-6))]
    assert found.halving_batch.value == pytest.approx(expected, abs=0.02, rel=1e-3)
    half = found.half_throughput_batch.value
    assert found.throughput_rps(half) == pytest.approx(found.limit_rps.value / 2, rel=1e-5)


def test_intervals_hold_what_follows():
    found = affine(2.0, 0.1)
    for estimate, truth in (
        (found.fixed_ms, 2.0), (found.marginal_ms, 0.1), (found.limit_rps, 1e4), (found.half_throughput_batch, 20.0),
        (found.halving_batch, math.sqrt(2) + 20 * (math.sqrt(2) - 1)),
    ):  # fmt: skip
        assert estimate.lo < truth < estimate.hi
        assert estimate.value == pytest.approx(truth)
    bent = roofline(1.0, 4.0, 0.2)
    assert bent.kink_batch.lo < 20.0 < bent.kink_batch.hi
    assert bent.halving_batch.lo < bent.halving_batch.value < bent.halving_batch.hi


def test_the_band_lies_around_the_line_and_is_nan_nowhere():
    for found in (affine(2.0, 0.1), roofline(1.0, 4.0, 0.2)):
        low, high = found.interval_ms(POWERS)
        assert (low < found.time_ms(POWERS)).all()
        assert (found.time_ms(POWERS) < high).all()
        assert found.residual_pct() == pytest.approx(np.zeros(10), abs=1e-3)


def test_shapes_are_kept():
    found = affine(1.0, 0.1)
    assert found.time_ms(3).shape == ()
    assert found.time_ms([[1, 2], [3, 4]]).shape == (2, 2)
    assert model([1.0], [1]).time_ms([1, 2]).shape == (2,)


def test_rows_that_differ_in_anything_else_are_never_pooled():
    rows = points([1.0 + b for b in POWERS])
    for name in (*NEVER_POOLED, "concurrency", "load", "source"):
        there = [dict(row) for row in rows]
        other = [{**row, name: 7 if name == "concurrency" else "other"} for row in rows]
        if name in ("mode", "regime", "cache", "latency_basis", "model_clock", "load"):
            value = {"mode": "isolated", "regime": "burst", "cache": "hot", "latency_basis": "send",
                     "model_clock": "host", "load": "poisson"}[name]  # fmt: skip
            other = [{**row, name: value} for row in rows]
        frame = make_points([*there, *[{**row, "latency_p50_ms": 5 * row["latency_p50_ms"]} for row in other]])
        found = service(frame)
        assert len(found) == 2, name
        assert sorted(one.marginal_ms.value for one in found) == pytest.approx([1.0, 5.0], rel=1e-3), name


def test_models_come_in_the_order_of_their_names_and_numbers():
    rows = [frames.row(frames.identity(batch_size=b, concurrency=k)) for k in (16, 2) for b in (1, 2)]
    found = service(make_points(rows))
    assert [one.group["concurrency"] for one in found] == [2, 16]
    assert "cache" not in found[0].group


def test_the_models_own_time_goes_before_the_callers():
    rows = points([1.0 + b for b in POWERS], model_p50_ms=0.0)
    for row in rows:
        row["model_p50_ms"] = 0.5 * row["latency_p50_ms"]
    (found,) = service(make_points(rows))
    assert (found.column, found.marginal_ms.value) == ("model_p50_ms", pytest.approx(0.5))
    (found,) = service(make_points(rows), column="latency_p50_ms")
    assert found.marginal_ms.value == pytest.approx(1.0)
    (found,) = service(make_points(points([1.0 + b for b in POWERS])))
    assert found.column == "latency_p50_ms"


def test_rows_without_a_time_are_left_out_and_named():
    rows = points([1.0 + b for b in POWERS])
    rows[3]["latency_p50_ms"] = math.nan
    rows[4]["latency_p50_ms"] = -1.0
    rows += [
        frames.failed(frames.identity(batch_size=1024)),
        frames.failed(frames.identity(batch_size=2048), "failed", ""),
    ]
    rows += [{**frames.identity(), "batch_size": pd.NA}]
    (found,) = service(Run(make_points(rows)))
    assert found.marginal_ms.value == pytest.approx(1.0, rel=1e-6)
    assert set(found.left_out) == {
        "batch 8: no time",
        "batch 16: no time",
        "batch 1024: out of memory (tried to allocate 2 GiB)",
        "batch 2048: failed",
        "a row without a batch size",
    }


def test_served_requests_say_nothing_about_calls():
    (found,) = service(make_points(points([1.0 + b for b in POWERS], mode="serving")))
    assert found.form == "none"
    assert "policy's maximum" in found.left_out[0]


@pytest.mark.parametrize(
    ("times", "sizes", "says"),
    [
        ([], [], None),
        ([math.nan], [1], "No batch size has a time"),
        ([1.0], [4], "One batch size (4) cannot tell"),
        ([1.0, 1.5], [1, 2], "Two sizes always lie on a line: measure more"),
        ([10.0 - 0.01 * b for b in POWERS], POWERS, "does not take longer the larger its batch"),
        ([0.01 * b**1.5 for b in POWERS], POWERS, "at least as fast as the batch"),
        ([-1e-3 + 0.01 * b for b in POWERS], POWERS, "amortises nothing"),
        ([1.0 + 0.05 * b for b in POWERS], POWERS, "A call costs 1 ms"),
        ([1.0 + max(3.0, 0.05 * b) for b in POWERS], POWERS, "Up to batch 60"),
        ([1.0 + 1e-3 * b for b in POWERS], POWERS, "beyond it this is extrapolation"),
        ([(1.0 + 0.05 * b) * (1.5 if b in (4, 32) else 1.0) for b in POWERS], POWERS, "poor summary"),
        ([0.01 + 0.05 * b for b in POWERS], POWERS, "Batch 1 reaches more than half"),
    ],
)
def test_every_case_has_a_sentence(times, sizes, says):
    found = service(make_points(points(times, sizes)))
    if says is None:
        assert found == ()
        return
    sentence = found[0].sentence()
    assert says in sentence
    assert "nan" not in sentence.lower()
    assert repr(found[0])


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8), st.booleans())
def test_any_times_have_an_answer(times, with_intervals):
    found = model(times, POWERS[: len(times)], share=0.01 if with_intervals else math.nan)
    assert found.sentence()
    half, halving = found.half_throughput_batch, found.halving_batch
    for estimate in (half, halving, found.limit_rps):
        assert not estimate.lo > estimate.value
        assert not estimate.hi < estimate.value
    assert found.residual_pct().shape == (len(times),)


def test_the_usual_sentence():
    said = affine(2.0, 0.1).sentence()
    assert said.startswith("A call costs 2 ms (")
    assert "10\u202f000 requests/s" in said
    assert "is reached at batch 20 (" in said
    assert "beyond batch 9.70 (" in said


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: service(make_points([]).drop(columns="batch_size")), "no column 'batch_size'"),
        (lambda: service(make_points(points([1.0], [1])), column="throughput_rps"), "column='throughput_rps' is not"),
        (lambda: service(make_points(points([1.0], [1])), column="nothing"), "column='nothing': no column"),
    ],
)
def test_misuse_is_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
    with pytest.raises(TypeError, match="pass a Run or its points"):
        service([1, 2])


def test_a_frame_of_sizes_and_times_alone_is_enough():
    (found,) = service(pd.DataFrame({"batch_size": [1, 2, 4, 8], "latency_p50_ms": [2.0, 3.0, 5.0, 9.0]}))
    assert (found.fixed_ms.value, found.marginal_ms.value) == (pytest.approx(1.0), pytest.approx(1.0))


def test_noise_around_one_time_has_no_highest_throughput():
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(60):
        found = model(2.0 * (1 + 0.02 * rng.standard_normal(len(POWERS))), share=0.04)
        named += not math.isnan(found.limit_rps.value)
        assert math.isnan(found.limit_rps.value) == math.isnan(found.halving_batch.value)
        if math.isnan(found.limit_rps.value):
            assert "larger batches are free, as far as can be told" in found.sentence()
    assert named <= 4
