import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tail.planted import Service, simulate
from tradeoff.frames import make_samples
from tradeoff.tail.batches import FENCE, Curve, batches_of, far_out
from tradeoff.tail.requests import requests_of


def calls(model_ms, *, host_ms=0.0, size=1, label=None):
    """Requests of one batch each, one after the other."""
    model = np.round(1e6 * np.asarray(model_ms)).astype("int64")
    host = np.broadcast_to(np.round(1e6 * np.asarray(host_ms)).astype("int64"), model.shape)
    start = np.concatenate([[0], np.cumsum(model + host)[:-1]])
    return requests_of(
        make_samples(
            {
                "batch_id": np.arange(len(model)), "batch_size": size, "scheduled_ns": start, "dispatched_ns": start,
                "model_ns": model, "pre_ns": host, "latency_ns": model + host, "done_ns": start + model + host,
                "phase": "measure", "status": "ok", "label": label if label is not None else [None] * len(model),
            }
        )
    )  # fmt: skip


def test_the_curve_goes_through_medians():
    size = np.repeat([1.0, 4.0], 9)
    times = np.concatenate([np.arange(9.0), 10 + np.arange(9.0)])
    curve = Curve.through(size, times)
    assert curve.at(np.array([1.0, 4.0])).tolist() == [4.0, 14.0]
    assert curve.at(np.array([2.5, 7.0])).tolist() == pytest.approx([9.0, 24.0])


def test_a_size_that_hardly_came_is_judged_by_its_neighbours():
    size = np.array([1.0] * 20 + [4.0] * 20 + [2.0, 8.0])
    times = np.array([5.0] * 20 + [8.0] * 20 + [600.0, 1200.0])
    assert Curve.through(size, times).at(np.array([2.0, 8.0])).tolist() == pytest.approx([6.0, 12.0])


@pytest.mark.parametrize("size", [[np.nan] * 3, [3.0] * 3])
def test_one_size_or_none_has_one_time(size):
    curve = Curve.through(np.array(size), np.array([1.0, 2.0, 9.0]))
    assert curve.at(np.array([1.0, 3.0, np.nan])).tolist() == [2.0] * 3


@given(st.lists(st.floats(0.1, 1e3), min_size=4, max_size=60), st.floats(1e-3, 1e3))
def test_far_out_is_a_matter_of_quartiles_and_scales(values, factor):
    low, high = np.quantile(values, (0.25, 0.75))
    assert far_out(np.array(values)) == pytest.approx(high + FENCE * (high - low))
    assert far_out(factor * np.array(values)) == pytest.approx(factor * far_out(np.array(values)))


def test_normal_times_have_no_slow_batch_and_a_spike_is_one_by_its_excess():
    rng = np.random.default_rng(0)
    times = rng.normal(5.0, 0.5, 5000)
    assert not batches_of(calls(times)).slow.any()
    times[::100] *= 8
    slow = batches_of(calls(times)).slow
    assert np.flatnonzero(slow).tolist() == list(range(0, 5000, 100))
    assert slow[::100] == pytest.approx(times[::100] - np.median(times), rel=1e-3)


def test_exponential_times_have_hardly_any():
    times = np.random.default_rng(0).exponential(1.0, 100_000)
    assert (batches_of(calls(times)).slow > 0).mean() < 0.002


def test_times_that_never_vary_are_slow_from_half_as_long_again():
    slow = batches_of(calls([2.0] * 50 + [2.5, 3.5])).slow
    assert slow.tolist() == pytest.approx([0.0] * 51 + [1.5])


def test_a_larger_batch_is_not_a_slow_one():
    size = np.repeat([1, 16], [400, 20])
    times = np.where(size == 16, 20.0, 5.0)
    times[-1] = 90.0
    slow = batches_of(calls(times, size=size)).slow
    assert np.flatnonzero(slow).tolist() == [419]
    assert slow[-1] == pytest.approx(70.0)


def test_a_batch_is_held_up_by_the_host_whatever_its_size():
    host = np.full(300, 0.5)
    host[7] = 30.0
    found = batches_of(calls([5.0] * 300, host_ms=host))
    assert np.flatnonzero(found.held_up).tolist() == [7]
    assert found.held_up[7] == pytest.approx(29.5)
    assert not found.slow.any()


@pytest.mark.parametrize("label", ["gc", "preempted", "thermal"])
def test_a_label_that_goes_with_slow_batches_tells_why(label):
    times = np.full(500, 5.0)
    times[::50] = 60.0
    found = batches_of(calls(times, label=np.where(times > 50, label, None)))
    assert (found.held_up > 0).sum() == (0 if label == "thermal" else 10)
    assert (found.slow > 0).sum() == (10 if label == "thermal" else 0)


def test_a_label_on_everything_tells_nothing():
    times = np.full(500, 5.0)
    times[::50] = 60.0
    found = batches_of(calls(times, label=["gc"] * 500))
    assert (found.slow > 0).sum() == 10
    assert not found.held_up.any()


def test_what_one_request_had_is_not_its_batch_s():
    run = simulate(Service(5.0, 0.5), 0, 2000, max_batch_size=8, request_rate=600)
    samples = run.samples.copy()
    place = samples.index[samples["batch_size"] > 1][5]
    for name in ("post_ns", "latency_ns", "done_ns"):
        samples.loc[place, name] += 10**9
    assert not batches_of(requests_of(samples)).held_up.any()


def test_a_network_keeps_no_worker_busy():
    run = simulate(Service(5.0, 0.5), 0, 500, max_batch_size=4, request_rate=300, network_ms=50.0)
    found = batches_of(requests_of(run.samples), network_ms=50.0)
    assert (found.end[:-1] <= found.start[1:] + 1e-5).all()
    assert found.end - found.start == pytest.approx(found.ordinary, abs=1e-5)


def test_a_token_model_s_long_answers_are_not_slow():
    samples = make_samples(
        {"latency_ns": [10**6] * 99 + [10**9], "model_ns": [10**6] * 99 + [10**9], "phase": "measure", "status": "ok",
         "output_tokens": [5] * 99 + [5000], "seq": range(100)}
    )  # fmt: skip
    assert not batches_of(requests_of(samples)).slow.any()
