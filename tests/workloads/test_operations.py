"""The catalogue: every operation that runs on a CPU is right, repeatable, and costs what it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workloads.small import names_of, small
from tradeoff.workloads import Workload, WorkloadError
from tradeoff.workloads.check import TOLERANCES, check, on_host
from tradeoff.workloads.observe import contents, observe
from tradeoff.workloads.operations.attention import AttentionDecode, AttentionPrefill
from tradeoff.workloads.operations.conv2d import Conv2d
from tradeoff.workloads.operations.embedding import Embedding
from tradeoff.workloads.operations.fft import Fft
from tradeoff.workloads.operations.gemm import Gemm
from tradeoff.workloads.operations.reduction import Reduction
from tradeoff.workloads.operations.saxpy import Saxpy
from tradeoff.workloads.operations.softmax import Softmax
from tradeoff.workloads.operations.transformer import TransformerDecode, TransformerPrefill

torch = pytest.importorskip("torch")

HOW = {"dtype": "float32", "device": "cpu", "seed": 3}
ON_CPU = names_of("numpy", "torch")
TYPED = [(name, dtype) for name in ON_CPU for dtype in small(name).dtypes[small(name).backend]]


@pytest.mark.parametrize(("name", "dtype"), TYPED)
def test_every_operation_is_right(name: str, dtype: str) -> None:
    fresh = np.random.SeedSequence([len(name), len(dtype)]).generate_state(3)
    for batch_size, seed in zip((1, 2, 7), fresh, strict=True):
        how = {"batch_size": batch_size, "dtype": dtype, "device": "cpu", "seed": int(seed)}
        assert check(small(name), **how) < TOLERANCES[dtype], how


@pytest.mark.parametrize("name", ON_CPU)
def test_every_operation_is_right_in_its_usual_size(name: str) -> None:
    usual = type(small(name)).of_usual_size(name.partition(".")[0], on_gpu=False)
    assert check(usual, batch_size=2, **HOW) < TOLERANCES["float32"]


@pytest.mark.parametrize(("name", "dtype"), TYPED)
def test_outputs_are_of_their_type_and_the_seed_decides(name: str, dtype: str) -> None:
    workload = small(name)
    assert isinstance(workload, Workload)
    calls = [workload.prepare(batch_size=2, dtype=dtype, device="cpu", seed=seed) for seed in (1, 1, 2)]
    one, again, other = (on_host(call()) for call in calls)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.count_nonzero(one) > 0.4 * np.size(one)  # the block ends in a rectifier
    out = calls[0]()
    kind = {"float32": "complex64", "float64": "complex128"}[dtype] if workload.name == "fft" else dtype
    assert str(out.dtype).removeprefix("torch.") == kind
    assert not getattr(out, "requires_grad", False)


@pytest.mark.parametrize("name", ON_CPU)
def test_calls_share_nothing_and_change_nothing(name: str) -> None:
    one, again = (small(name).prepare(batch_size=2, **HOW) for _ in range(2))
    mine, theirs = ({key: np.asarray(value) for key, value in call.inputs.items()} for call in (one, again))
    assert mine
    assert not any(np.shares_memory(mine[key], theirs[key]) for key in mine)
    assert all(np.count_nonzero(value) > 0.5 * np.size(value) for value in mine.values())
    assert observe(one, calls=3) == ()
    assert contents(one.inputs) == contents(again.inputs)


@pytest.mark.parametrize("name", ON_CPU)
def test_costs_grow_with_the_batch(name: str) -> None:
    workload = small(name)
    assert workload.flops(8) == 8 * workload.flops(1)
    assert (workload.flops(1) > 0) == (workload.name not in ("copy", "embedding"))
    assert workload.bytes(1) < workload.bytes(8) <= 8 * workload.bytes(1)
    if workload.name != "embedding":  # whose tokens are 8 bytes each, whatever the table holds
        assert workload.bytes(4, "float64") == 2 * workload.bytes(4)
    with pytest.raises(WorkloadError, match="int3"):
        workload.bytes(1, "int3")


@pytest.mark.parametrize("name", ON_CPU)
def test_bytes_are_at_least_those_of_inputs_and_output(name: str) -> None:
    workload = small(name)
    call = workload.prepare(batch_size=2, **HOW)
    touched = sum(np.asarray(value).nbytes for key, value in call.inputs.items() if key != "table")
    least = touched + np.asarray(call()).nbytes
    # Scales, shifts and statistics of whole layers are the only inputs small enough to be left out.
    assert workload.bytes(2) >= 0.85 * least


def test_costs_in_closed_form() -> None:
    assert Softmax(backend="numpy", rows=2, width=10).bytes(3, "float16") == 2 * 3 * 2 * 10 * 2
    gemm = Gemm(inner=4, outer=5)
    assert (gemm.flops(3), gemm.bytes(3)) == (2 * 3 * 4 * 5, 4 * (3 * 4 + 4 * 5 + 3 * 5))
    assert AttentionPrefill(heads=1, length=3, head_width=5).flops(1) == 2 * 2 * 5 * (1 + 2 + 3)
    decode = AttentionDecode(heads=4, kv_heads=2, context=10, head_width=3)
    assert decode.flops(2) == 2 * (2 * 2 * 4 * 10 * 3)
    assert decode.bytes(2, "float16") == 2 * 2 * (2 * 2 * 10 * 3 + 2 * 4 * 3)
    assert Conv2d(channels=2, filters=3, size=4).flops(1) == 2 * 3 * 16 * 2 * 9
    assert Embedding(tokens=3, vocabulary=9, width=4).bytes(2) == 2 * 3 * (8 + 2 * 4 * 4)
    assert Fft(width=8).flops(1) == 2.5 * 8 * 3
    assert Fft(width=8).bytes(1) == 4 * (8 + 10)
    assert (Saxpy(width=10).flops(2), Saxpy(width=10).bytes(2)) == (40, 240)
    assert Reduction(rows=2, width=3).bytes(1) == 4 * 2 * (3 + 1)


def test_a_block_costs_its_parts() -> None:
    sizes = {"width": 8, "heads": 4, "kv_heads": 2, "hidden": 32}
    weights = 8 * (8 + 2 * 4) + 8 * 8 + 2 * 8 * 32
    attended = AttentionPrefill(heads=4, length=5, head_width=2).flops(3)
    assert TransformerPrefill(**sizes, length=5).flops(3) == 2 * 3 * 5 * weights + attended
    decode = TransformerDecode(**sizes, context=7)
    assert decode.flops(3) == 2 * 3 * weights + AttentionDecode(heads=4, kv_heads=2, context=7, head_width=2).flops(3)
    # Weights; embedding in and out; keys and values of seven positions read, of one written: 4 numbers each.
    assert decode.bytes(3) == 4 * (weights + 3 * (2 * 8) + 3 * 2 * 4 * (7 + 1))


def test_decode_reads_the_whole_cache_and_does_not_grow_it() -> None:
    workload = small("torch.transformer_decode")
    arrays = {}
    inner = workload._call

    def spy(torch, given, *, attend):
        arrays.update(given)
        return inner(torch, given, attend=attend)

    object.__setattr__(workload, "_call", spy)
    call = workload.prepare(batch_size=2, **HOW)
    before = arrays["keys"].clone()
    one = call().clone()
    assert torch.equal(call(), one)  # the second call writes what the first wrote
    assert arrays["keys"].shape == before.shape == (2, 2, 9, 4)
    assert torch.equal(arrays["keys"][:, :, :-1], before[:, :, :-1])
    assert not torch.equal(arrays["keys"][:, :, -1], before[:, :, -1])
    for name in ("keys", "values"):
        kept = arrays[name].clone()
        arrays[name][:, :, 0] += 1
        assert not torch.equal(call(), one)
        arrays[name].copy_(kept)
    assert torch.equal(call(), one)
    assert set(call.inputs) == set(arrays) - {"keys", "values"}


def test_a_prefilled_block_sees_no_future() -> None:
    workload = small("torch.transformer_prefill")
    call = workload.prepare(batch_size=1, **HOW)
    before = call().clone()
    call.inputs["x"][:, -1] += 1
    after = call()
    assert torch.allclose(before[:, :-1], after[:, :-1])
    assert not torch.allclose(before[:, -1], after[:, -1])


@pytest.mark.parametrize("name", ON_CPU)
def test_an_unknown_type_lists_the_known(name: str) -> None:
    workload = small(name)
    known = ", ".join(workload.dtypes[workload.backend])
    for dtype in ("int3", "tf32"):  # tf32 is a setting of CUDA's
        with pytest.raises(WorkloadError, match=rf"dtype='{dtype}' is not known to {name}.*: use one of {known}$"):
            workload.prepare(batch_size=1, dtype=dtype, device="cpu", seed=0)
        with pytest.raises(WorkloadError, match=dtype):
            workload.reference(batch_size=1, dtype=dtype, device="cpu", seed=0)


def test_half_a_transform_is_refused() -> None:
    with pytest.raises(WorkloadError, match=r"float16.*torch\.fft on cpu: use one of float32, float64$"):
        Fft().prepare(batch_size=1, dtype="float16", device="cpu", seed=0)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Gemm(inner=0), "inner=0 must be a whole number, 1 or more"),
        (lambda: Gemm(inner=True), "inner=True"),
        (lambda: Gemm(inner=2.5), "inner=2.5"),
        (lambda: Gemm(backend="jax"), "backend='jax' does not offer gemm: use one of numpy, cupy, torch"),
        (lambda: Conv2d(backend="numpy"), "does not offer conv2d: use one of torch"),
        (lambda: Conv2d(kernel=2), "kernel=2 must be odd"),
        (lambda: AttentionDecode(heads=4, kv_heads=3), "kv_heads=3 must divide heads=4"),
        (lambda: TransformerDecode(width=65), "heads=4 must divide width=65"),
        (lambda: TransformerPrefill(kv_heads=3), "kv_heads=3 must divide heads=4"),
    ],
)
def test_sizes_that_make_no_sense(make, said: str) -> None:
    with pytest.raises(WorkloadError, match=said):
        make()


@pytest.mark.parametrize("name", names_of("torch", "cupy", "numpy"))
def test_an_operation_says_what_it_is(name: str) -> None:
    made = type(small(name))
    assert made.__doc__
    for part in ("flops", "inputs", "exact", *(f"on_{backend}" for backend in made.backends())):
        assert getattr(made, part).__doc__, part
    sizes = {field.name for field in dataclasses.fields(made)} - {"backend"}
    assert set(made.sizes_on_gpu) <= sizes
    larger = made.of_usual_size(name.partition(".")[0], on_gpu=True)
    assert larger.bytes(1) > 10 * made.of_usual_size(name.partition(".")[0], on_gpu=False).bytes(1)
