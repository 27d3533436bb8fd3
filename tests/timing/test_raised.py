"""Calls that raise: kept, counted, placed; and a point that is given up when most of them do."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tradeoff.timing import Conditions, measure
from tradeoff.timing.bench import bench_of
from tradeoff.timing.fake import FakeDevice, FakeRunner, ScriptedClock
from tradeoff.timing.origin import where_raised
from tradeoff.timing.raised import Raised, RaisedLog, in_words, is_storm, persistent, together
from tradeoff.workloads import as_workload

from .test_measure import MS, Scripted, noisy


class Flaky(Scripted):
    """Every so many calls one raises."""

    def __init__(self, every: int, *, first: int = 0, error: type[Exception] = ValueError, device=None) -> None:
        super().__init__()
        self.every, self.first, self.kind, self.device = every, first, error, device

    def prepare(self, **how: object):
        def call() -> object:
            self.calls += 1
            if self.device is not None:
                self.device.work(MS)
            if self.calls >= self.first and self.calls % self.every == 0:
                raise self.kind(f"request {self.calls} was lost")
            return True

        return call


def test_one_in_fifty_is_counted_and_the_rest_is_kept() -> None:
    found = measure(Flaky(50), batch_size=4, concurrency=2, runner=FakeRunner(duration_ns=noisy()))
    row, samples = found.point, found.samples
    assert row["status"] == "converged"
    measured = samples["phase"] == "measure"
    failed = samples["status"] == "error"
    assert row["n_errors"] == (measured & failed).sum() == pytest.approx(measured.sum() / 50, abs=1)
    assert row["n"] == (measured & ~failed).sum()
    assert "call_errors" in row["flags"]
    assert re.search(
        r"; \d+ of [\d\s]+ calls raised ValueError: request 50 was lost \(test_raised\.py, line \d+, in Flaky",
        row["reason"],
    )
    assert row["throughput_rps"] == pytest.approx(4 * 2 * 1000 * 49 / 50, rel=0.02)
    assert row["calls_per_s"] == pytest.approx(2 * 1000 * 49 / 50, rel=0.02)


def test_errors_are_in_no_percentile() -> None:
    slow = FakeRunner(duration_ns=lambda slot, i: 5 * MS if (i + 1) % 20 == 0 else MS)
    row = measure(Flaky(20), batch_size=1, runner=slow).point
    assert row["latency_p50_ms"] == row["latency_p99_ms"] == 1.0
    assert row["throughput_rps"] == pytest.approx(19 / 24e-3, rel=0.05)


def test_without_errors_nothing_is_said_of_them() -> None:
    row = measure(Scripted(), batch_size=1, runner=FakeRunner(duration_ns=noisy())).point
    assert (row["n_errors"], "call_errors" in row["flags"]) == (0, False)
    assert "raised" not in row["reason"]


@pytest.mark.parametrize(("every", "first", "most"), [(1, 0, 3), (1, 2, 400), (1, 400, 1200)])
def test_a_storm_ends_the_point_early(every: int, first: int, most: int) -> None:
    workload = Flaky(every, first=first)
    row = measure(workload, batch_size=1, runner=FakeRunner(duration_ns=lambda slot, i: MS)).point
    assert row["status"] == "failed"
    assert re.search(r"raised ValueError: request \d+ was lost \(test_raised\.py, line \d+", row["reason"])
    assert workload.calls <= most
    assert row["n_errors"] >= 3
    assert "latency_p50_ms" not in row


def test_the_first_call_may_raise() -> None:
    workload = Flaky(3)
    workload.calls = 2
    assert measure(workload, batch_size=1, runner=FakeRunner(duration_ns=lambda slot, i: MS)).point["n"] > 100


@pytest.mark.parametrize("mode", ["concurrent", "isolated", "pipelined"])
def test_errors_at_launch_are_kept_on_a_device_too(mode: str) -> None:
    clock = ScriptedClock(now_ns=10**9, tick_ns=20)
    device, conditions = FakeDevice(clock), Conditions(mode=mode)
    workload = Flaky(40, device=device)
    how = {"device": "cuda", "conditions": conditions, "bench": bench_of(device, conditions, clock=clock)}
    found = measure(workload, batch_size=1, **how)
    assert found.point["status"] == "converged", found.point["reason"]
    failed = found.samples["status"] == "error"
    assert failed.sum() == pytest.approx(len(failed) / 40, abs=2)
    assert found.point["throughput_rps"] == pytest.approx(1000 * 39 / 40, rel=0.03)


@pytest.mark.parametrize("mode", ["concurrent", "isolated"])
def test_an_error_that_sticks_to_the_device_ends_the_point_and_is_the_one_that_is_told(mode: str) -> None:
    clock = ScriptedClock(now_ns=10**9, tick_ns=20)
    device, conditions = FakeDevice(clock), Conditions(mode=mode)
    calls = []

    class Breaks(Scripted):
        def prepare(self, **how: object):
            def call() -> object:
                calls.append(1)
                if len(calls) == 200:
                    device.failure = RuntimeError("CUDA error: device is gone")
                    raise RuntimeError("CUDA error: device-side assert triggered")
                device.work(MS)
                return True

            return call

    how = {"device": "cuda", "conditions": conditions, "bench": bench_of(device, conditions, clock=clock)}
    row = measure(Breaks(), batch_size=1, **how).point
    assert row["status"] == "failed"
    assert "device-side assert triggered (test_raised.py" in row["reason"]
    assert len(calls) == 200


def test_where_is_the_last_line_of_the_users_own_code() -> None:
    def call() -> object:
        return np.linalg.inv(np.zeros((2, 2)))  # raises inside of numpy

    with pytest.raises(np.linalg.LinAlgError) as caught:
        call()
    assert re.fullmatch(r"test_raised\.py, line \d+, in test_where_is.*call", where_raised(caught.value))


def test_where_names_no_folder_and_no_process() -> None:
    for filename, name in (
        ("/home/ada/secret/model.py", "model.py"),
        (r"C:\Users\ada\model.py", "model.py"),
        ("/var/ipykernel_4711/1234567.py", "a notebook's cell"),
        ("<stdin>", "<stdin>"),
    ):
        with pytest.raises(ZeroDivisionError) as caught:
            exec(compile("def f():\n    1 / 0\nf()", filename, "exec"), {})  # noqa: S102
        assert where_raised(caught.value) == f"{name}, line 2, in f"


def test_an_error_that_never_left_tradeoff_has_no_place() -> None:
    assert where_raised(ValueError("never raised")) == ""


def test_kinds_are_counted_apart_and_only_so_many() -> None:
    log = RaisedLog()
    for number in range(40):
        try:
            raise type(f"Error{number % 20}", (Exception,), {})(number)
        except Exception as error:
            log.note(error)
    kinds = together(log.found())
    assert sum(kind.count for kind in kinds) == 40
    assert len(kinds) == 17
    assert in_words([Raised("A", "A: a", "x"), Raised("A", "A: b", "x"), Raised("B", "B", "")], calls=9) == (
        "3 of 9 calls raised A: a (x), and 1 other error"
    )


def test_memory_that_ran_out_does_not_pass_by_itself() -> None:
    with pytest.raises(MemoryError):
        RaisedLog().note(MemoryError())


def test_a_storm_is_most_calls_and_more_than_a_few() -> None:
    assert not is_storm(raised=4, calls=4)
    assert is_storm(raised=5, calls=9)
    assert not is_storm(raised=5, calls=10)


def test_looking_at_a_call_survives_its_errors() -> None:
    left = iter([ValueError(), ValueError(), None])

    def call() -> object:
        error = next(left)
        if error:
            raise error
        return 7

    call.inputs = [1]
    assert persistent(call)() == 7
    assert persistent(call).inputs == [1]


def test_a_callable_of_the_users_own_that_raises_now_and_then() -> None:
    made = iter(range(10**9))

    def work(batch_size: int) -> int:
        if next(made) % 50 == 49:
            raise KeyError("weights")
        return batch_size

    row = measure(as_workload(work), batch_size=2, runner=FakeRunner(duration_ns=noisy())).point
    assert row["status"] == "converged"
    assert row["n_errors"] > 0


@pytest.mark.parametrize("last", [0, 10**6])
def test_a_call_that_raises_when_it_is_looked_at_keeps_its_point(last: int) -> None:
    calls = []

    class Ends(Scripted):
        def prepare(self, **how: object):
            def call() -> object:
                calls.append(1)
                if len(calls) > enough:
                    raise ValueError("no more")
                return True

            return call

    enough = 10**9
    runner = FakeRunner(duration_ns=noisy())
    measure(Ends(), batch_size=1, runner=runner)
    enough = len(calls) - 2 + last  # the two calls that are looked at are the last of a point
    calls.clear()
    row = measure(Ends(), batch_size=1, runner=FakeRunner(duration_ns=noisy())).point
    assert row["status"] == "converged"
    assert row["n_errors"] == 0
