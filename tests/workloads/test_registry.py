from __future__ import annotations

import pytest

from tradeoff.workloads import Workload, WorkloadError, backends, get, names, register, registry


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "has_cuda", lambda: False)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "has_cuda", lambda: True)


def test_the_built_in_names() -> None:
    built_in = {"cupy.gemm", "cupy.layer_norm", "numpy.sort", "torch.transformer_decode", "torch.mlp"}
    assert built_in <= set(names())
    assert list(names()) == sorted(names())


@pytest.mark.parametrize("name", registry._BUILT_IN)
def test_a_name_says_what_it_makes(name: str, gpu: None) -> None:
    workload = get(name)
    assert isinstance(workload, Workload)
    assert f"{workload.backend}.{workload.name}" == name


@pytest.mark.parametrize("operation", registry._OPERATIONS)
def test_the_table_names_the_backends_that_an_operation_offers(operation: str, no_gpu: None) -> None:
    assert set(get(f"torch.{operation}").backends()) == set(backends(operation))


def test_attention_is_its_prefill(no_gpu: None) -> None:
    assert get("attention") == get("torch.attention") == get("attention_prefill")
    assert "torch.attention" not in names()
    with pytest.raises(WorkloadError, match="is taken"):
        register("mine.attention", lambda: get("mlp"))


def test_sizes_suit_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "has_cuda", lambda: True)
    assert (get("torch.gemm").inner, get("cupy.gemm").inner, get("numpy.gemm").inner) == (4096, 4096, 512)
    monkeypatch.setattr(registry, "has_cuda", lambda: False)
    assert get("torch.gemm").inner == 512


def test_softmax_is_numpys_without_a_gpu(no_gpu: None) -> None:
    assert (get("softmax").name, get("softmax").backend) == ("softmax", "numpy")
    assert backends("softmax") == ("numpy", "torch", "cupy")


def test_softmax_is_cupys_on_a_gpu(gpu: None) -> None:
    assert (get("softmax").name, get("softmax").backend) == ("softmax", "cupy")
    assert get("numpy.softmax").backend == "numpy"


def test_cupy_without_a_gpu_names_numpys(no_gpu: None) -> None:
    with pytest.raises(WorkloadError, match=r"'cupy\.softmax' needs a CUDA GPU.*'numpy\.softmax'"):
        get("cupy.softmax")


@pytest.mark.parametrize("name", ["softmacks", "numpy.softmacks", "jax.softmax", "", ".", "</script><img onerror=1>"])
def test_an_unknown_name_lists_the_known(name: str) -> None:
    with pytest.raises(WorkloadError, match=r"no workload.*softmax.*numpy\.gemm") as caught:
        get(name)
    assert repr(name) in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_registered_workloads_are_found_by_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    register("mine.thing", lambda: get("numpy.softmax"))
    assert get("thing") == get("mine.thing") == get("numpy.softmax")
    assert backends("thing") == ("mine",)
    with pytest.raises(WorkloadError, match="is taken"):
        register("mine.thing", lambda: get("numpy.softmax"))


@pytest.mark.parametrize("name", ["thing", ".thing", "mine.", "a.b.c"])
def test_a_name_has_a_backend_and_an_operation(name: str) -> None:
    with pytest.raises(WorkloadError, match=r"backend\.operation"):
        register(name, lambda: get("numpy.softmax"))


def test_installed_packages_add_workloads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        def load(self):
            return lambda: get("numpy.gemm")

    class Broken:
        def load(self):
            raise ImportError("no module named theirs")

    monkeypatch.setattr(registry, "_installed", lambda: {"their.op": Point(), "their.broken": Broken()})
    assert "their.op" in names()
    assert get("op").name == "gemm"
    with pytest.raises(WorkloadError, match="does not import: no module named theirs"):
        get("their.broken")
