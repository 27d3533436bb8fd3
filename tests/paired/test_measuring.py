import numpy as np
import pytest

import tradeoff
from tests.paired.scripted import DRAFT, Machine, Takes, sides
from tradeoff.arguments import ArgumentError
from tradeoff.paired.alternate import alternate
from tradeoff.paired.measuring import compared
from tradeoff.paired.verdict import how
from tradeoff.timing import Budget

QUICK = Budget(name="own", seconds=0.05, max_calls=100_000, warm_up_seconds=0.01)


def work(size):
    def made(batch_size):
        data = np.linspace(0.0, 1.0, size * batch_size)
        return lambda: np.exp(data)

    return made


def scripted(after: Takes, objective=None):
    machine, before = Machine(), Takes()
    both = sides(machine, before, after, batch_size=4)
    metrics = ("throughput", "p50", "p99")
    taken = alternate(both, metrics=metrics, budget=DRAFT, batch_size=4, clock=lambda: machine.now_ns)
    found = [side.row_and_samples(how(taken, "the other")) for side in both]
    return compared(found, taken, metrics, objective, {})


def test_the_run_has_both_rows_and_all_calls():
    found = scripted(Takes(1.05))
    assert (found.verdict, found.exit_status) == ("worse", 1)
    points = found.run.points
    assert list(points["source"]) == ["tradeoff.measure_pair before", "tradeoff.measure_pair after"]
    assert points["point_id"].is_unique
    for side, row in zip(("before", "after"), points.to_dict("records"), strict=True):
        measured = found.run.samples_of(row["point_id"])
        assert len(measured) == row["n"] == found.blocks.loc[found.blocks["side"] == side, "n"].sum()
        assert {"not_isolated", "in_turns"} <= set(row["flags"])
        assert "in turns with the other, in blocks of 10.0 ms" in row["reason"]
    ratio = points["throughput_rps"][1] / points["throughput_rps"][0]
    assert found["throughput"].ratio.value == pytest.approx(ratio, rel=1e-3)
    assert found["latency_p99_ms"] is found["p99"]
    p99 = points["latency_p99_ms"][1] / points["latency_p99_ms"][0]
    assert found["p99"].ratio.value == pytest.approx(p99)
    assert list(found.table["metric"]) == ["throughput", "p50", "p99"]
    with pytest.raises(KeyError, match="'p95' was not measured; there are throughput, p50, p99"):
        found["p95"]


def test_a_run_of_a_pair_can_be_kept_and_decided_on(tmp_path):
    found = scripted(Takes(1.05))
    found.run.save(tmp_path / "pair")
    again = tradeoff.read(tmp_path / "pair")
    assert tradeoff.decide(again, "maximize throughput").point["source"] == "tradeoff.measure_pair before"


def test_a_side_that_raises_gives_a_row_that_says_so():
    found = scripted(Takes(raises=True))
    assert (found.verdict, found.pairs) == ("worse", 0)
    assert (found.before["status"], found.after["status"]) == ("partial", "failed")
    assert "After failed: raised RuntimeError" in found.sentence()
    assert np.isnan(found["p50"].ratio.value)


def test_callables_are_measured_in_this_process(capsys):
    found = tradeoff.measure_pair(work(1000), work(1000), batch_size=2, budget=QUICK, metrics=("p50",))
    assert "made and made in turns: up to 0.1 s" in capsys.readouterr().err
    assert found.run.points["batch_size"].tolist() == [2, 2]
    assert found.run.environment["pair"]["budget"]["name"] == "own"
    assert found.metrics[0].metric == "p50"


def test_names_and_paths_are_taken_and_what_an_objective_names_is_measured_too():
    found = tradeoff.measure_pair(
        "numpy.softmax", "tests.paired.test_measuring:WORK", batch_size=1, budget=QUICK, metrics="throughput",
        objective="minimize p95 subject to p90 <= 10 ms", name="either", progress=False,
    )  # fmt: skip
    assert [each.metric for each in found.metrics] == ["throughput", "p95", "p90"]
    assert found.run.points["workload"].tolist() == ["softmax", "either"]


WORK = work(500)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"batch_size": [1, 2]}, r"batch_size must be one whole number.*got \[1, 2\]"),
        ({"concurrency": 0}, "concurrency must be a whole number"),
        ({"metrics": ("p98",)}, r"metrics must be some of throughput, p50, .*; got 'p98'"),
        ({"metrics": ()}, "metrics must be some of"),
        ({"objective": 3}, "objective must be text"),
        ({"objective": "maximize throughput at batch_size 2"}, "one operating point: leave 'at"),
        ({"objective": "minimize energy"}, "objective names energy_j_per_item, which a pair does not measure"),
        ({"dtype": ["float32", "float64"]}, "dtype must be one number type"),
        ({"example": 1}, "example= goes with a torch module"),
        ({"budget": "long"}, "budget='long' is not known"),
        ({"progress": "no"}, "progress must be True or False"),
    ],
)
def test_misuse_is_told_before_anything_is_measured(wrong, said):
    with pytest.raises(ValueError, match=said):
        tradeoff.measure_pair(WORK, WORK, **{"batch_size": 1, "progress": False, **wrong})


def test_a_call_that_returns_nothing_is_refused():
    with pytest.raises(ArgumentError, match="cannot be measured: the call returned nothing"):
        tradeoff.measure_pair(WORK, lambda batch_size: None, batch_size=1, budget=QUICK, progress=False)
