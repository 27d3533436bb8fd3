from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from tradeoff.workloads import WorkloadError, get, torch_setup  # noqa: E402
from tradeoff.workloads.operations.gemm import Gemm  # noqa: E402
from tradeoff.workloads.operations.mlp import Mlp  # noqa: E402
from tradeoff.workloads.operations.softmax import Softmax  # noqa: E402
from tradeoff.workloads.torch_setup import torch_dtype, torch_dtypes, with_tf32  # noqa: E402

HOW = {"dtype": "float32", "device": "cpu", "seed": 3}


def measured(workload, *, concurrency: int = 1) -> dict[str, object]:
    from tradeoff.timing import Budget, measure

    quick = Budget(name="quick", seconds=0.05, min_calls=10, max_calls=300)
    return measure(workload, batch_size=2, concurrency=concurrency, budget=quick).point


@pytest.mark.parametrize("name", ["mlp", "attention", "transformer_decode"])
def test_torch_workloads_can_be_measured(name: str) -> None:
    point = measured(get(name), concurrency=2)
    assert point["status"] not in {"failed", "oom"}, point
    assert point["throughput_rps"] > 0


@pytest.mark.parametrize(("change", "said"), [({"dtype": "int3"}, "float32, float64"), ({"device": "moon"}, "'cpu'")])
def test_misuse_lists_what_is_allowed(change: dict[str, str], said: str) -> None:
    with pytest.raises(WorkloadError, match=said):
        get("torch.mlp").prepare(batch_size=1, **(HOW | change))


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(WorkloadError, match=r"'cuda' needs a CUDA GPU.*'cpu'"):
        get("torch.mlp").prepare(batch_size=1, dtype="float32", device="cuda", seed=0)


def test_torch_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(WorkloadError, match=r"tradeoff\[torch\]"):
        Mlp().prepare(batch_size=1, **HOW)


def test_tf32_is_a_type_on_cuda_only() -> None:
    assert set(torch_dtypes("cuda:1")) - set(torch_dtypes("cpu")) == {"tf32"}
    assert torch_dtype("tf32", device="cuda") is torch.float32
    with pytest.raises(WorkloadError, match="'tf32' is not known to torch workloads on cpu: use one of float32"):
        torch_dtype("tf32", device="cpu")


def test_tf32_is_for_products_of_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradeoff.workloads.operation.torch_device", lambda device: torch.device("cpu"))
    how = {"batch_size": 1, "dtype": "tf32", "device": "cuda", "seed": 0}
    assert Gemm().prepare(**how)().dtype == torch.float32
    with pytest.raises(WorkloadError, match=r"'tf32' is not known to torch\.softmax on cuda: use one of float32"):
        Softmax().prepare(**how)


def settings() -> tuple[object, object]:
    return tuple(knob.get() for knob in torch_setup._knobs())


@pytest.fixture(params=["newer", "older"])
def backends(request, monkeypatch: pytest.MonkeyPatch):
    """torch's settings as torch 2.9 and later name them, and as it did before; both as they are by default."""
    if request.param == "newer":
        cudnn = SimpleNamespace(conv=SimpleNamespace(fp32_precision="tf32"))
        cuda = SimpleNamespace(matmul=SimpleNamespace(fp32_precision="none"))
        values = {"tf32": "tf32", "float32": "ieee"}
    else:
        cudnn = SimpleNamespace(allow_tf32=True)
        cuda = SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False))
        values = {"tf32": True, "float32": False}
    fake = SimpleNamespace(backends=SimpleNamespace(cuda=cuda, cudnn=cudnn))
    monkeypatch.setattr(torch_setup, "torch_module", lambda: fake)
    return values


@pytest.mark.parametrize("dtype", ["float32", "tf32"])
@pytest.mark.parametrize("fails", [False, True])
def test_the_setting_holds_in_the_call_and_is_restored(backends, dtype: str, fails: bool) -> None:
    seen = []

    def call() -> str:
        seen.append(settings())
        if fails:
            raise RuntimeError("out of luck")
        return "result"

    before = settings()
    wrapped = with_tf32(call, dtype=dtype, device="cuda:0")
    assert settings() == before
    if fails:
        with pytest.raises(RuntimeError, match="out of luck"):
            wrapped()
    else:
        assert wrapped() == "result"
    assert seen == [(backends[dtype], backends[dtype])]
    assert settings() == before


@pytest.mark.parametrize(("dtype", "device"), [("float16", "cuda"), ("float64", "cuda"), ("float32", "cpu")])
def test_a_call_that_no_setting_concerns_is_left_alone(backends, dtype: str, device: str) -> None:
    assert with_tf32(len, dtype=dtype, device=device) is len


def test_a_setting_that_is_right_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    knobs = [torch_setup._Knob(SimpleNamespace(fp32_precision="tf32"), None) for _ in range(2)]
    monkeypatch.setattr(torch_setup, "_knobs", lambda: knobs)
    assert with_tf32(len, dtype="tf32", device="cuda") is len
    assert with_tf32(len, dtype="float32", device="cuda") is not len


def test_this_torchs_own_settings_can_be_read_and_set() -> None:
    before = settings()
    seen = []
    for dtype in ("tf32", "float32"):
        with_tf32(lambda: seen.append(settings()), dtype=dtype, device="cuda")()
    assert seen[0] != seen[1]
    assert len(set(seen[0])) == len(set(seen[1])) == 1
    assert settings() == before
