from __future__ import annotations

import math
import sys

import pytest

torch = pytest.importorskip("torch")

from tradeoff.timing import Budget, measure  # noqa: E402
from tradeoff.workloads import WorkloadError, as_workload, get  # noqa: E402
from tradeoff.workloads.torch_attention import TorchAttention  # noqa: E402
from tradeoff.workloads.torch_mlp import TorchMlp  # noqa: E402

HOW = {"dtype": "float32", "device": "cpu", "seed": 3}
QUICK = Budget(name="quick", seconds=0.05, min_calls=10, max_calls=300)
SMALL = [TorchMlp(width=16, hidden=32), TorchAttention(heads=2, length=8, head_width=4)]


@pytest.mark.parametrize("workload", SMALL, ids=lambda w: w.name)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_outputs_are_finite_seeded_and_of_their_type(workload, dtype: str) -> None:
    one, again, other = (workload.prepare(batch_size=3, dtype=dtype, device="cpu", seed=seed)() for seed in (1, 1, 2))
    assert one.shape[0] == 3
    assert one.dtype == getattr(torch, dtype)
    assert bool(torch.isfinite(one).all())
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not one.requires_grad


def test_attention_equals_its_definition() -> None:
    call = SMALL[1].prepare(batch_size=2, dtype="float64", device="cpu", seed=1)
    inputs = {name: cell.cell_contents for name, cell in zip(call.__code__.co_freevars, call.__closure__, strict=True)}
    q, k, v = inputs["query"], inputs["key"], inputs["value"]
    exact = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1) @ v
    assert float((call() - exact).norm() / exact.norm()) < 1e-12


@pytest.mark.parametrize("workload", SMALL, ids=lambda w: w.name)
def test_costs_grow_with_the_batch(workload) -> None:
    assert workload.flops(4) == 4 * workload.flops(1)
    assert workload.bytes(1) < workload.bytes(4) <= 4 * workload.bytes(1)


@pytest.mark.parametrize("name", ["mlp", "attention"])
def test_torch_workloads_can_be_measured(name: str) -> None:
    point = measure(get(name), batch_size=2, concurrency=2, budget=QUICK).point
    assert point["status"] in {"budget", "converged"}, point
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
        TorchMlp().prepare(batch_size=1, **HOW)


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(10, 4)
        self.mix = torch.nn.Linear(4, 3)
        self.drop = torch.nn.Dropout(0.9)
        self.seen: list[dict[str, object]] = []

    def forward(self, tokens, scale, mask=None, flag="x"):
        self.seen.append({"tokens": tokens, "scale": scale, "mask": mask, "flag": flag, "module": self})
        return self.drop(self.mix(self.embed(tokens))) * scale.unsqueeze(-1).unsqueeze(-1)


EXAMPLES = {
    "tuple": (torch.tensor([[1, 2, 9], [0, 3, 3]]), torch.ones(2)),
    "mapping": {
        "tokens": torch.tensor([[1, 2, 9], [0, 3, 3]]),
        "scale": torch.ones(2),
        "mask": torch.tensor([[True, False, True]]),
        "flag": "y",
    },
}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_a_modules_inputs_are_made_anew_to_the_batch_size(example) -> None:
    net = Net()
    workload = as_workload(net, example=example)
    calls = [workload.prepare(batch_size=5, dtype="float32", device="cpu", seed=seed) for seed in (1, 1, 2)]
    one, again, other = (call() for call in calls)
    assert one.shape == (5, 3, 3)
    assert torch.equal(one, again)  # dropout is off, and the seed decides
    assert not torch.equal(one, other)
    assert not one.requires_grad
    seen = next(iter(workload._ready.values())).seen
    assert {int(s["tokens"].min()) >= 0 and int(s["tokens"].max()) <= 9 for s in seen} == {True}
    assert len({s["tokens"].data_ptr() for s in seen}) == 3  # own inputs
    assert len({id(s["module"]) for s in seen}) == 1  # shared weights
    if "flag" in example:
        assert seen[0]["flag"] == "y"
        assert seen[0]["mask"].shape == (5, 3)
        assert seen[0]["mask"].all(dim=0).tolist() == [True, False, True]


def test_the_users_module_is_left_as_it_was() -> None:
    net = Net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    as_workload(net, example=EXAMPLES["tuple"]).prepare(batch_size=2, dtype="float64", device="cpu", seed=0)()
    assert net.training
    assert net.mix.weight.dtype == torch.float32
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_module_that_fits_is_not_copied() -> None:
    net = torch.nn.Linear(4, 3).eval()
    workload = as_workload(net, example=torch.zeros(1, 4))
    call = workload.prepare(batch_size=2, **HOW)
    assert call().shape == (2, 3)
    assert bool((call() != 0).all())
    assert workload._ready == {("cpu", "float32"): net}
    assert (workload.name, workload.backend) == ("Linear", "torch")


def test_a_module_without_an_example_says_what_is_missing() -> None:
    with pytest.raises(WorkloadError, match="Linear is a torch module and needs example="):
        as_workload(torch.nn.Linear(2, 2))


def test_an_example_of_no_rows_is_refused() -> None:
    workload = as_workload(torch.nn.Linear(2, 2), example=torch.zeros(0, 2))
    with pytest.raises(WorkloadError, match="must not be 0"):
        workload.prepare(batch_size=2, **HOW)


def test_a_module_given_the_wrong_shape_is_a_failed_row() -> None:
    workload = as_workload(torch.nn.Linear(4, 3), example=torch.zeros(1, 5))
    point = measure(workload, batch_size=2, budget=QUICK).point
    assert point["status"] == "failed"
    assert "shapes cannot be multiplied" in point["reason"]
