import sys

import numpy as np
import pytest

from tradeoff import environment
from tradeoff.limits import LimitsError, device_name, machine, measure_limits
from tradeoff.limits.machine import machine_for


@pytest.mark.parametrize(
    ("device", "backend", "says"),
    [
        ("tpu", None, "device='tpu' is not known"),
        (3, None, "device=3 is not known"),
        ("cuda:x", None, "is not known: use 'cpu', 'cuda' or 'cuda:1'"),
        ("cuda", None, "needs a CUDA GPU and there is none here"),
        ("cpu", "jax", "backend='jax' is not known: use one of numpy, cupy, torch"),
        ("cpu", "cupy", "backend='cupy' does not run on 'cpu': use numpy or torch"),
    ],
)
def test_misuse_is_a_sentence(monkeypatch, device, backend, says):
    monkeypatch.setattr(machine, "has_cuda", lambda: False)
    with pytest.raises(LimitsError, match=says):
        machine_for(device, backend)


def test_numpy_does_not_run_on_a_gpu(monkeypatch):
    monkeypatch.setattr(machine, "has_cuda", lambda: True)
    with pytest.raises(LimitsError, match="backend='numpy' does not run on 'cuda': use torch or cupy"):
        machine_for("cuda", "numpy")


def test_a_gpu_without_a_library_that_reaches_it_is_a_sentence(monkeypatch):
    monkeypatch.setattr(machine, "has_cuda", lambda: True)
    monkeypatch.setattr(machine, "_torch_reaches_cuda", lambda: False)
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ValueError, match="CuPy is not installed: pip install"):
        machine_for(None, None)


@pytest.mark.parametrize(("threads", "calls"), [("1", 4), ("2", 2), ("4", 1), ("64", 1), ("", 1), ("many", 1)])
def test_all_cores_multiply_whatever_the_library_was_told(monkeypatch, threads, calls):
    monkeypatch.setattr(machine, "usable_cores", lambda: 4)
    for name in environment.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert len(machine_for("cpu", "numpy").products(8, "float32")) == calls


def test_numpy_copies_with_a_call_a_core(monkeypatch):
    monkeypatch.setattr(machine, "usable_cores", lambda: 3)
    calls = machine_for("cpu", None).copies(1 << 12)
    assert len(calls) == 3
    copied = [np.asarray(call()) for call in calls]
    assert sum(array.nbytes for array in copied) == pytest.approx(1 << 12, rel=0.01)
    assert not any(np.array_equal(copied[0], other) for other in copied[1:])
    assert all(np.count_nonzero(array) > 0.9 * array.size for array in copied)


def test_float16_has_no_library_in_numpy():
    assert list(machine_for("cpu", "numpy").dtypes) == ["float32", "float64"]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_this_processor_has_limits(monkeypatch, backend):
    real = machine_for("cpu", backend)
    real.copy_bytes = 1 << 20
    monkeypatch.setattr(type(real.bench.memory), "free_bytes", lambda self: 1 << 30)
    real.bench.memory.cache_bytes = 1 << 10
    limits = measure_limits(machine=real, dtypes=["float32"], seconds=0.01, remember=False)
    assert limits.device == device_name("cpu")
    assert limits.backend == backend
    assert limits.how["clock"] == "host"
    assert limits.matrix_flops_per_s["float32"] > 0


def test_a_gpu_is_named_by_its_number(monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: [{"name": "first"}, {"name": None}])
    assert [device_name(name) for name in ("cuda", "cuda:0", "cuda:1", "cuda:7")] == [
        "first",
        "first",
        "cuda:1",
        "cuda:7",
    ]
