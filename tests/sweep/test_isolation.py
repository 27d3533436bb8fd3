import os

import pytest

from tradeoff.sweep import ArgumentError, isolation
from tradeoff.sweep.isolation import Worker, Workers, threads_for
from tradeoff.sweep.source import Source
from tradeoff.sweep.sweep import sweep

from .odd_workloads import MEASURED

ODD = "tests.sweep.odd_workloads:"


def statuses(run) -> dict[int, str]:
    return dict(zip(run.points["batch_size"], run.points["status"], strict=True))


def reason(run, batch_size: int) -> str:
    return run.points.set_index("batch_size")["reason"][batch_size]


@pytest.mark.parametrize(
    ("workload", "batch_sizes", "bad", "status", "said"),
    [
        ("raises_at_4", [1, 4], 4, "failed", "RuntimeError: no luck with this one"),
        ("out_of_memory_at_512", [1, 512], 512, "oom", "out of memory at batch size 512, it wanted 1.00 EiB"),
        ("kills_its_process_at_2", [1, 2, 3], 2, "failed", "killed by SIGKILL, perhaps because memory ran out"),
        ("exits_at_2", [1, 2, 3], 2, "failed", "ended with exit status 7: goodbye from …"),
    ],
)
def test_what_goes_wrong_costs_its_point_only(workload, batch_sizes, bad, status, said, quick):
    run = sweep(ODD + workload, batch_size=batch_sizes, budget=quick, progress=False)
    found = statuses(run)
    assert found.pop(bad) == status
    assert set(found.values()) <= MEASURED
    assert said in reason(run, bad)
    assert "/home" not in reason(run, bad)


def test_a_call_that_returns_nothing_is_refused_with_advice(quick):
    with pytest.raises(ArgumentError, match=r"returned nothing.*return its output"):
        sweep(ODD + "returns_nothing", batch_size=1, budget=quick, progress=False)


def test_what_a_workload_refuses_is_the_arguments_fault(quick):
    with pytest.raises(ArgumentError, match=r"cold_rotate.*fine does not say them: use cache='cold_flush'") as caught:
        sweep(ODD + "fine", batch_size=1, cache="cold_rotate", budget=quick, progress=False)
    assert "\n" not in str(caught.value)


def test_a_workload_may_print(quick, capfd):
    run = sweep(ODD + "prints_a_lot", batch_size=1, budget=quick, progress=False)
    assert statuses(run)[1] in MEASURED
    assert capfd.readouterr().out == ""


def test_a_call_that_never_returns_is_stopped(quick, monkeypatch):
    monkeypatch.setattr(isolation, "START_UP_S", 3.0)
    run = sweep(ODD + "never_returns", batch_size=1, budget=quick, progress=False)
    assert "does the call ever return?" in reason(run, 1)


def test_threads_share_the_cores(monkeypatch):
    monkeypatch.setattr(isolation, "usable_cores", lambda: 8)
    assert [threads_for(k) for k in (1, 2, 3, 8, 64)] == [8, 4, 2, 1, 1]


def test_threads_are_set_before_the_worker_imports_anything(quick):
    with Workers() as workers:
        arguments = {"batch_size": 1, "dtype": "float32", "seed": 0}
        source = Source("path", ODD + "threads")
        for concurrency in (1, 4):
            measured = workers.visit(
                source, str(concurrency), concurrency=concurrency, device="cpu", budget=quick, **arguments
            )
            assert measured.point["status"] in MEASURED, measured.point
        assert len(workers._workers) == len({threads_for(1), threads_for(4)})


def test_a_stopped_worker_is_gone():
    worker = Worker({})
    worker._start()
    pid = worker._process.pid
    worker.stop()
    worker.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
