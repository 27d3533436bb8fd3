from __future__ import annotations

import numpy as np
import pytest

from tradeoff.workloads import draws
from tradeoff.workloads.draws import Indices, Normal
from tradeoff.workloads.dtypes import itemsize, rounded

torch = pytest.importorskip("torch")

SPECS = [Normal(shape=(3, 5)), Normal(shape=(2, 30, 7), mean=2.0, scale=0.1), Indices(shape=(40, 3), below=6)]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
@pytest.mark.parametrize("period", [draws.PERIOD, 11])
def test_every_backend_and_the_reference_get_the_same_numbers(spec, dtype, period, monkeypatch) -> None:
    monkeypatch.setattr(draws, "PERIOD", period)
    exact = draws.exact(spec, dtype=dtype, seed=4, place=2)
    tensor = draws.on_torch(torch, spec, kind=getattr(torch, dtype), device="cpu", seed=4, place=2)
    assert tensor.is_contiguous()
    assert np.array_equal(tensor.double().numpy(), exact)
    if dtype != "bfloat16":
        array = draws.on_arrays(np, spec, dtype=dtype, seed=4, place=2)
        assert array.flags.c_contiguous
        assert np.array_equal(array, exact)
    assert exact.shape == spec.shape
    assert len(np.unique(exact)) > 5


@pytest.mark.parametrize("change", [{"seed": 5}, {"place": 3}])
def test_seed_and_place_decide(change: dict[str, int]) -> None:
    how = {"seed": 4, "place": 2}
    assert np.array_equal(draws.draw(SPECS[0], **how), draws.draw(SPECS[0], **how))
    assert not np.array_equal(draws.draw(SPECS[0], **how), draws.draw(SPECS[0], **(how | change)))


def test_a_long_input_repeats_with_a_prime_period() -> None:
    assert draws.PERIOD < 2**20 < draws.PERIOD + 4
    assert all(draws.PERIOD % divisor for divisor in range(2, int(draws.PERIOD**0.5) + 1))
    long = draws.exact(Normal(shape=(1025, 1024)), dtype="float32", seed=0, place=0)
    assert len(draws.draw(Normal(shape=(1025, 1024)), seed=0, place=0)) == draws.PERIOD
    assert len(np.unique(long[:, 0])) > 1020  # no row begins as another does
    assert abs(long.mean()) < 0.01
    assert abs(long.std() - 1) < 0.01


def test_mean_scale_and_range() -> None:
    drawn = draws.draw(Normal(shape=(100_000,), mean=3.0, scale=0.5), seed=1, place=0)
    assert drawn.mean() == pytest.approx(3.0, abs=0.01)
    assert drawn.std() == pytest.approx(0.5, abs=0.01)
    indices = draws.draw(Indices(shape=(10_000,), below=7), seed=1, place=0)
    assert sorted(np.unique(indices)) == list(range(7))
    assert indices.dtype == np.int64


def test_bfloat16_is_rounded_as_torch_rounds_it() -> None:
    values = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    ties = (np.arange(1, 2000, dtype=np.uint32) << np.uint32(15)).view(np.float32)
    for some in (values, values * 1e-30, values * 1e30, ties):
        assert np.array_equal(rounded(some, "bfloat16"), torch.from_numpy(some).bfloat16().double().numpy())
    assert np.array_equal(rounded(values, "tf32"), values.astype(float))


def test_sizes_in_memory() -> None:
    assert [itemsize(dtype) for dtype in ("float64", "float32", "tf32", "float16", "bfloat16")] == [8, 4, 4, 2, 2]
