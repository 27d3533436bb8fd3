"""Inputs made like an example: structure, layout, place; and what departs from it is said."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, UserDict, namedtuple
from types import MappingProxyType

import pytest

torch = pytest.importorskip("torch")

from tradeoff.workloads import WorkloadError, as_workload  # noqa: E402
from tradeoff.workloads.inputs import InputMaker, main_device  # noqa: E402

HOW = {"dtype": "float32", "device": "cpu", "seed": 3}
Pair = namedtuple("Pair", "left right")


@dataclasses.dataclass
class Batch:
    tokens: object
    name: str = "x"


class Cache:
    def __init__(self) -> None:
        self.keys = [torch.zeros(2, 3)]


def maker(example, *, batch_size: int = 5, kind=torch.float32) -> InputMaker:
    return InputMaker(example, batch_size=batch_size, kind=kind, where=torch.device("cpu"), seed=1)


def made(example, **how):
    inputs = maker(example, **how)
    return inputs.make(example), inputs.departures


def test_the_case_channels_last_is_measured_channels_last() -> None:
    seen = []

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            seen.append((x.is_contiguous(memory_format=torch.channels_last), tuple(x.shape)))
            return self.conv(x)

    x = torch.randn(2, 3, 16, 16).to(memory_format=torch.channels_last)
    workload = as_workload(Model().to(memory_format=torch.channels_last), example=x)
    for batch_size in (1, 2, 8):
        call = workload.prepare(batch_size=batch_size, **HOW)
        out = call()
        assert call.departures == ()
        assert out.is_contiguous(memory_format=torch.channels_last)
    assert seen == [(True, (batch_size, 3, 16, 16)) for batch_size in (1, 2, 8)]
    copied = workload.prepare(batch_size=2, **(HOW | {"dtype": "float64"}))()  # a copy of the module of another type
    assert copied.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        torch.randint(3, 9, (7, 2)).t(),
        torch.rand(2, 4, 6) > 0.5,
        (torch.rand(2, 4, 6) > 0.5).transpose(1, 2),
        torch.tensor([[True], [False]]).expand(2, 8),
        torch.randn(2, 8, dtype=torch.complex64)[:, ::2],
        torch.randn(2, 4, requires_grad=True),
    ],
    ids=lambda tensor: f"{tensor.dtype} {tensor.stride()}",
)
def test_tensors_of_every_type_keep_their_layout(tensor) -> None:
    new, departures = made(tensor, batch_size=2)
    assert not departures
    assert (new.shape, new.stride(), new.dtype) == (tensor.shape, tensor.stride(), tensor.dtype)
    assert not new.requires_grad
    if tensor.dtype == torch.bool:
        assert torch.equal(new, tensor)
    elif not tensor.is_floating_point() and not tensor.is_complex():
        assert tensor.min() <= new.min() <= new.max() <= tensor.max()


def test_structures_are_kept_and_every_tensor_in_them_is_made_anew() -> None:
    row = torch.ones(1, 2)
    example = {
        "pair": Pair(row, [row]),
        "ordered": OrderedDict(a=row),
        "user": UserDict(a=row),
        "batch": Batch(row),
        "deep": ((row, {"a": [row]}),),
        "plain": "x",
        "shape": torch.Size([1, 2]),
    }
    new, departures = made(example)
    assert not departures
    assert (type(new["pair"]), type(new["ordered"]), type(new["user"])) == (Pair, OrderedDict, UserDict)
    found = [new["pair"].left, new["pair"].right[0], new["ordered"]["a"], new["user"]["a"], new["batch"].tokens]
    found += [new["deep"][0][0], new["deep"][0][1]["a"][0]]
    assert [tuple(tensor.shape) for tensor in found] == [(5, 2)] * 7
    assert (new["plain"], new["shape"], new["batch"].name) == ("x", torch.Size([1, 2]), "x")
    assert row.shape == (1, 2)


@pytest.mark.parametrize(
    ("example", "said"),
    [
        (Cache(), "a Cache holds tensors and was passed as it is, at its own batch size"),
        (MappingProxyType({"a": torch.ones(1, 2)}), "a mappingproxy became a dict"),
        (
            (torch.ones(1, 2), torch.ones(1, 2, dtype=torch.float16)),
            "inputs of types float16 and float32 became float32",
        ),
        (torch.ones(4, 5)[:, :2].t(), "inputs of strides (1, 5) became contiguous"),
        (torch.ones(1, 2).as_subclass(type("Mine", (torch.Tensor,), {})), "a Mine became a plain tensor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_departs_from_the_example_is_said(example, said) -> None:
    _, departures = made(example)
    assert departures == [said]


@pytest.mark.parametrize("tensor", [torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr()], ids=["coo", "csr"])
def test_what_cannot_be_made_anew_is_refused(tensor) -> None:
    with pytest.raises(WorkloadError, match=r"sparse, quantised or nested.*pass a factory"):
        made(tensor)


def test_the_row_says_what_departs() -> None:
    from tradeoff.timing import measure
    from tradeoff.timing.fake import FakeRunner

    class Mixed(torch.nn.Module):
        def forward(self, x, y):
            return x + y

    workload = as_workload(Mixed(), example=(torch.ones(1, 2), torch.ones(1, 2, dtype=torch.float64)))
    row = measure(workload, batch_size=2, runner=FakeRunner(duration_ns=lambda slot, i: 1_000_000)).point
    assert "example_altered" in row["flags"]
    assert "not as the example: inputs of types float32 and float64 became float32" in row["reason"]


def test_parameters_of_several_types_are_said_too() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2).double())
    call = as_workload(module, example=torch.ones(1, 2)).prepare(batch_size=2, **HOW)
    assert call.departures == ("parameters of types float32 and float64 became float32",)


def test_the_main_device_is_the_first_that_is_not_the_hosts() -> None:
    assert main_device({"a": torch.ones(1), "b": [torch.ones(1)]}) is None

    class Elsewhere:
        type, index = "cuda", 1

    class There(torch.Tensor):
        @property
        def device(self):
            return Elsewhere()

    example = {"lengths": torch.ones(1), "x": torch.ones(1).as_subclass(There)}
    assert main_device(example).index == 1
    assert as_workload(torch.nn.Identity(), example=example).own_device == "cuda:1"
    inputs = InputMaker(example, batch_size=3, kind=torch.float32, where=torch.device("meta"), seed=0)
    assert inputs.make(example["lengths"]).device.type == "cpu", "the host's stay where the model wants them"
    assert inputs.make(example["x"]).device.type == "meta"


@pytest.mark.parametrize("example", [torch.empty(1, 8, device="meta"), {"x": [torch.empty(1, 8, device="meta")]}])
def test_an_example_without_numbers_is_refused(example) -> None:
    with pytest.raises(WorkloadError, match=r"device 'meta'.*no numbers: give one on the device to measure on"):
        as_workload(torch.nn.Linear(8, 8), example=example)


def test_a_module_without_weights_is_refused_by_the_name_of_one() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 8, device="meta"))
    with pytest.raises(WorkloadError, match=r"1\.weight of Sequential lies on the device 'meta'.*to_empty"):
        as_workload(module, example=torch.ones(1, 8))


def test_inputs_that_change_the_device_unasked_are_said() -> None:
    _, departures = made(torch.empty(1, 8, device="meta"))  # stands for mps, xpu and others
    assert departures == ["an input on meta is on cpu"]
