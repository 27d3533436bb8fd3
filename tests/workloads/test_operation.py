"""An operation of somebody's own, as short as one can be, has everything that the catalogue's have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tradeoff.workloads import Workload, WorkloadError, get, register, registry
from tradeoff.workloads.check import check
from tradeoff.workloads.draws import Normal
from tradeoff.workloads.observe import observe
from tradeoff.workloads.operation import Operation


@dataclass(frozen=True, kw_only=True)
class Twice(Operation):
    name = "twice"
    width: int = 10

    def inputs(self, batch_size):
        return {"x": Normal(shape=(batch_size, self.width)), "log": Normal(shape=(1,), state=True)}

    def on_numpy(self, np, x, log):
        def call():
            log[0] += 1
            return x + x

        return call

    def exact(self, x, log):
        return 2 * x

    def flops(self, batch_size):
        return 1.0 * batch_size * self.width

    def numbers(self, batch_size):
        return 2.0 * batch_size * self.width


HOW = {"batch_size": 3, "dtype": "float32", "device": "cpu", "seed": 0}


def test_it_is_a_workload_that_can_be_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    register("numpy.twice", lambda: Twice(backend="numpy"))
    workload = get("twice")
    assert isinstance(workload, Workload)
    assert check(workload, **HOW) == 0.0
    assert workload.bytes(3, "float16") == 2 * 2 * 3 * 10


def test_what_it_writes_to_is_no_input_that_must_stay() -> None:
    call = Twice(backend="numpy").prepare(**HOW)
    assert set(call.inputs) == {"x"}
    assert observe(call) == ()


def test_backends_are_those_it_has_a_method_for() -> None:
    assert Twice.backends() == ("numpy",)
    with pytest.raises(WorkloadError, match="backend='torch' does not offer twice: use one of numpy"):
        Twice()


def test_inputs_of_one_operation_differ_from_each_other() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Two(Twice):
        def inputs(self, batch_size):
            return {name: Normal(shape=(batch_size, self.width)) for name in ("x", "log")}

    call = Two(backend="numpy").prepare(**HOW)
    assert not np.array_equal(call.inputs["x"], call.inputs["log"])


def test_what_is_not_said_is_not_there() -> None:
    workload = Operation.__new__(Operation)
    for missing in ("on_numpy", "on_cupy", "on_torch", "exact"):
        with pytest.raises(NotImplementedError):
            getattr(workload, missing)()
    for missing in ("flops", "numbers", "inputs"):
        with pytest.raises(NotImplementedError):
            getattr(workload, missing)(1)
