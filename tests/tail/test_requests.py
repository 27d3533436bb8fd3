import numpy as np
import pandas as pd
import pytest

import tradeoff
from tradeoff.frames import STAGES, make_samples
from tradeoff.tail.requests import requests_of


def served(**asked):
    asked = {"max_batch_size": 4, "request_rate": 300, "n_requests": 500, "max_wait_ms": 3.0} | asked
    return tradeoff.simulate(lambda size: 4.0 + size, keep_samples=True, **asked).samples


def test_parts_add_up_and_batches_are_numbered_as_they_begin():
    samples = served()
    found = requests_of(samples)
    assert found.stages.sum(axis=0) == pytest.approx(found.latency, abs=1e-9)
    assert found.batch.tolist() == sorted(found.batch.tolist())
    for number in np.unique(found.batch)[:50]:
        mine = found.batch == number
        assert len(np.unique(found.start[mine])) == 1
        assert mine.sum() == found.size[mine][0]
    assert found.counts.sum() == (samples["phase"] == "measure").sum()


def test_the_order_of_rows_does_not_matter():
    samples = served()
    one, other = requests_of(samples), requests_of(samples.sample(frac=1.0, random_state=0))
    for name in ("latency", "arrival", "batch"):
        assert sorted(zip(one.start, one.arrival, getattr(one, name), strict=True)) == sorted(
            zip(other.start, other.arrival, getattr(other, name), strict=True)
        )


def test_replicates_have_clocks_of_their_own_and_never_meet():
    samples = served(replications=3, n_requests=200)
    found = requests_of(samples)
    assert found.batch.max() + 1 == len(samples.drop_duplicates(["replicate", "batch_id"]))
    borders = np.flatnonzero(np.diff(np.sort(samples["replicate"].to_numpy(dtype=int)))) + 1
    for border in borders:
        assert found.arrival[border:].min() > found.done[:border].max() + 1e6


def test_who_was_rejected_kept_nobody_busy_and_who_failed_did():
    samples = served(queue_limit=2, request_rate=900)
    assert (samples["status"] == "rejected").any()
    samples.loc[samples.index[samples["status"] == "ok"][:7], "status"] = "error"
    found = requests_of(samples)
    assert len(found) == (samples["status"] != "rejected").sum()
    assert not found.counts[: np.flatnonzero(found.counts)[0]].any()


def test_what_the_parts_leave_is_overhead():
    samples = make_samples({"latency_ns": [10, 10], "model_ns": [7, 12], "phase": "measure", "status": "ok"})
    assert requests_of(samples).stage("overhead").tolist() == pytest.approx([3e-6, -2e-6])


def test_a_request_without_an_answer_has_no_rest():
    samples = make_samples(
        {"latency_ns": [10, None], "model_ns": [7, 7], "phase": "measure", "status": ["ok", "error"]}
    )
    found = requests_of(samples)
    assert found.stage("overhead").tolist() == pytest.approx([3e-6, 0.0])
    assert found.counts.tolist() == [True, False]


def test_columns_that_are_missing_are_not_known():
    samples = pd.DataFrame({"latency_ns": [5e6, 7e6], "phase": ["measure", "measure"]})
    found = requests_of(samples)
    assert found.latency.tolist() == [5.0, 7.0]
    assert found.counts.all()
    assert not found.has_parts
    assert found.labels == {}
    assert np.isnan(found.start).all()
    assert len(requests_of(pd.DataFrame())) == 0


def test_a_cell_may_carry_several_labels():
    labels = ["gc", None, "gc;preempted", "thermal", ""]
    samples = make_samples({"latency_ns": [1] * 5, "phase": "measure", "label": labels, "seq": range(5)})
    found = requests_of(samples)
    assert {name: carries.tolist() for name, carries in found.labels.items()} == {
        "gc": [True, False, True, False, False],
        "preempted": [False, False, True, False, False],
        "thermal": [False, False, False, True, False],
    }


def test_the_first_batch_of_a_size_is_that_of_the_process():
    samples = make_samples(
        {
            "latency_ns": 1,
            "batch_id": [0, 0, 1, 2, 2, 3, 0],
            "batch_size": [2, 2, 1, 2, 2, 1, 1],
            "dispatched_ns": [0, 0, 1, 2, 2, 3, 0],
            "replicate": [0, 0, 0, 0, 0, 0, 1],
            "phase": ["cold", "cold", *["measure"] * 5],
        }
    )
    assert requests_of(samples).is_first.tolist() == [True, True, True, False, False, False, True]


def test_stages_have_the_order_of_the_frames():
    samples = make_samples({"latency_ns": [21], **{f"{stage}_ns": [n + 1] for n, stage in enumerate(STAGES)}})
    found = requests_of(samples)
    assert [found.stage(stage)[0] for stage in STAGES] == pytest.approx([1e-6 * n for n in range(1, 7)])
