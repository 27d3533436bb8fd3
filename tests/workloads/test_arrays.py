from __future__ import annotations

import subprocess
import sys

import pytest

from tradeoff.workloads import WorkloadError
from tradeoff.workloads.arrays import array_module
from tradeoff.workloads.operations.softmax import Softmax


def test_cupy_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert array_module("numpy").__name__ == "numpy"
    with pytest.raises(WorkloadError, match=r"tradeoff\[cupy\].*numpy"):
        Softmax(backend="cupy").prepare(batch_size=1, dtype="float32", device="cuda", seed=0)


def test_numpy_paths_load_neither_torch_nor_cupy_nor_screens() -> None:
    code = (
        "import sys; from tradeoff.workloads import get; from tradeoff.timing import measure, Budget;"
        "b = Budget(name='b', seconds=.01, min_calls=1, max_calls=500);"
        "measure(get('numpy.softmax'), batch_size=1, budget=b);"
        "get('torch.transformer_decode').flops(3); get('torch.conv2d').bytes(2);"
        "print({'torch','cupy','plotly','ipywidgets','anywidget','numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
