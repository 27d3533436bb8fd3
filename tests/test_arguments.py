import numpy as np
import pytest

from tradeoff import arguments
from tradeoff.sweep import ArgumentError
from tradeoff.sweep.sweep import sweep


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "8", None, [], [1, 1], [1, 0], [2, "4"], {1: 2}, float("nan")])
@pytest.mark.parametrize("name", ["batch_size", "concurrency"])
def test_sizes_that_are_none(name, value):
    with pytest.raises(ArgumentError, match=rf"{name} must be a whole number of at least 1") as caught:
        arguments.whole_numbers(name, value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [(3, (3,)), ([4, 1], (4, 1)), (np.int64(2), (2,)), (range(1, 4), (1, 2, 3)), (np.arange(1, 3), (1, 2))],
)
def test_sizes_that_are(value, kept):
    assert arguments.whole_numbers("batch_size", value) == kept


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 0}, "batch_size must be"),
        ({"concurrency": -2}, "concurrency must be"),
        ({"dtype": "float31"}, "dtype must be one of float16, bfloat16, tf32, float32, float64"),
        ({"device": "gpu"}, "device must be 'cpu', 'cuda'"),
        ({"device": "cuda"}, "there is none here: use 'cpu'"),
        ({"budget": "long"}, "use one of draft, standard, tail"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"progress": "no"}, "progress must be True or False"),
        ({"resume": True}, "resume=True needs path="),
        ({"mode": "fast"}, "mode must be one of concurrent, isolated, pipelined, graph"),
        ({"cache": ["hot", "hot"]}, "got 'hot' twice"),
        ({"regime": 3}, "regime must be one of sustained, burst"),
        ({"mode": "graph"}, "needs a device that works by itself"),
        ({"mode": "isolated", "concurrency": [2, 4]}, "has one call at a time"),
        ({"cache": "cold_flush", "concurrency": 2}, "use cache='cold_rotate' or concurrency=1"),
        ({"dtype": "tf32"}, "dtype must be one of float32, float64, float16 for numpy.softmax on cpu; got 'tf32'"),
        ({"dtype": ["float32", "bfloat16"]}, "got 'bfloat16'"),
        ({"replicates": 0}, "replicates must be a whole number from 1 to 16"),
        ({"replicates": 2, "isolate": False}, "leave isolate=False out"),
        ({"price_per_hour": -1}, "price_per_hour must be a positive number"),
        ({"price_per_hour": "3"}, "price_per_hour must be a positive number"),
    ],
)
def test_misuse_is_one_sentence_before_anything_is_measured(options, said, monkeypatch):
    monkeypatch.setattr("tradeoff.workloads.devices.cuda_device_count", lambda: 0)
    with pytest.raises(ValueError, match=said) as caught:
        sweep("numpy.softmax", **{"batch_size": 1, **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["softmaxx", "numpy.softmaxx", "no.such", 3, "no_such_module:thing", "math:no_such"])
def test_unknown_workloads(name):
    with pytest.raises(ValueError, match=r"workload|module|use one of"):
        sweep(name, batch_size=1)
