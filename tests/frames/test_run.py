import dataclasses

import pytest

from tradeoff.frames import Run, make_points, make_samples, without_steps


def small_run() -> Run:
    points = make_points([{"workload": "softmax", "batch_size": b} for b in (1, 2)])
    first, second = points["point_id"]
    samples = make_samples(
        {
            "point_id": [first, first, first, second],
            "phase": ["cold", "measure", "measure", "measure"],
            "latency_ns": [9, 1, 2, 3],
        }
    )
    return Run(points, samples, {"seed": 0})


def test_a_run_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        small_run().environment = {}


def test_repr_is_short_and_the_same_each_time():
    assert repr(small_run()) == "Run(2 points, 4 samples: softmax)"
    assert repr(Run()) == "Run(0 points, 0 samples)"


def test_samples_of_a_point():
    run = small_run()
    first = run.points["point_id"][0]
    assert run.samples_of(first)["latency_ns"].tolist() == [1, 2]
    assert run.samples_of(first, phase=None)["latency_ns"].tolist() == [9, 1, 2]
    with pytest.raises(KeyError, match="no point 'nowhere'"):
        run.samples_of("nowhere")


def test_steps_of_a_token_model_are_no_samples_of_requests():
    (identity,) = make_points([{"workload": "transformer"}])["point_id"]
    columns = {"point_id": identity, "phase": ["measure", None], "step": [None, "decode"], "latency_ns": [5, None]}
    run = Run(make_points([{"workload": "transformer"}]), make_samples(columns))
    assert run.samples_of(identity, phase=None)["latency_ns"].tolist() == [5]
    assert run.steps_of(identity)["step"].tolist() == ["decode"]
    assert len(without_steps(run.samples.drop(columns="step"))) == 2, "an older Run"
    assert not len(small_run().steps_of(small_run().points["point_id"][0]))
    with pytest.raises(KeyError, match="no point 'nowhere'"):
        run.steps_of("nowhere")


def test_samples_may_be_read_when_they_are_asked_for():
    asked = []

    def read():
        asked.append(True)
        return make_samples({"point_id": "0123456789ab", "latency_ns": [1, 2]})

    run = Run(make_points([]), read, {})
    assert "samples not yet looked at" in repr(run)
    assert not asked
    assert len(run.samples) == len(run.samples) == 2
    assert asked == [True]
    assert "2 samples" in repr(run)
    assert list(Run().samples.columns) == list(make_samples({}).columns)


def test_a_run_is_a_frozen_dataclass():
    assert [field.name for field in dataclasses.fields(Run)] == ["points", "samples", "environment"]
    for name in ("points", "samples", "environment"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(small_run(), name, None)
    other = dataclasses.replace(small_run(), environment={"seed": 1})
    assert len(other.samples) == len(small_run().samples)
