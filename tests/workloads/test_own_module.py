from __future__ import annotations

import dataclasses
from collections import OrderedDict, UserDict

import pytest

torch = pytest.importorskip("torch")

from tradeoff.workloads import WorkloadError, as_workload  # noqa: E402
from tradeoff.workloads.observe import observe  # noqa: E402

HOW = {"dtype": "float32", "device": "cpu", "seed": 3}


def measured(workload, *, concurrency: int = 1) -> dict[str, object]:
    from tradeoff.timing import Budget, measure

    quick = Budget(name="quick", seconds=0.05, min_calls=10, max_calls=300)
    return measure(workload, batch_size=2, concurrency=concurrency, budget=quick).point


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
    point = measured(workload)
    assert point["status"] == "failed"
    assert "shapes cannot be multiplied" in point["reason"]


class ModelOutput(OrderedDict):
    """As model libraries have it: a mapping whose entries are attributes as well."""

    def __getattr__(self, name):
        return self[name]  # raises KeyError, where an attribute's absence should be an AttributeError


@dataclasses.dataclass
class Plain:
    logits: object
    cache: tuple


class Model(torch.nn.Module):
    """Called as models of a library are: by names, with an output of the library's own."""

    def __init__(self, answer) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(50, 8)
        self.head = torch.nn.Linear(8, 50)
        self.answer = answer

    def forward(self, input_ids=None, attention_mask=None, past_key_values=None, use_cache=True):
        hidden = self.embed(input_ids) * attention_mask.unsqueeze(-1)
        for keys, values in past_key_values or ():
            hidden = hidden + (keys * values).sum(dim=1, keepdim=True)
        return self.answer(self.head(hidden), ((hidden, hidden),) if use_cache else None)


ANSWERS = {
    "model output": lambda logits, cache: ModelOutput(logits=logits, past_key_values=cache),
    "dataclass": Plain,
    "tuple": lambda logits, cache: (logits, cache),
    "dict": lambda logits, cache: {"logits": logits, "cache": cache},
}
INPUTS = {
    "input_ids": torch.tensor([[1, 2, 49]]),
    "attention_mask": torch.ones(1, 3, dtype=torch.int64),
    "past_key_values": ((torch.randn(1, 2, 8), torch.randn(1, 2, 8)),),
    "use_cache": True,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("kind", [dict, UserDict])  # a tokenizer's output is a UserDict
def test_a_model_is_called_by_names_and_may_return_anything(answer, kind) -> None:
    workload = as_workload(Model(answer), example=kind(INPUTS))
    call = workload.prepare(batch_size=4, **HOW)
    out = call()
    logits = next(iter(out.values())) if isinstance(out, dict) else getattr(out, "logits", None)
    assert (logits if logits is not None else out[0]).shape == (4, 3, 50)
    _, named = call.inputs
    assert named["past_key_values"][0][0].shape == (4, 2, 8)
    assert (named["attention_mask"] == 1).all()
    assert named["use_cache"] is True
    assert observe(call) == ()
    assert measured(workload)["status"] not in {"failed", "oom"}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_compiled_module_is_a_module(training: bool, dtype: str) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Dropout(0.5)).train(training)
    compiled = torch.compile(module, backend="eager")
    workload = as_workload(compiled, example=torch.zeros(1, 4))
    assert (workload.name, workload.backend) == ("Sequential", "torch")
    call = workload.prepare(batch_size=2, **(HOW | {"dtype": dtype}))
    (x,), _ = call.inputs
    copied = torch.nn.Linear(4, 3).to(x.dtype)
    copied.load_state_dict(module[0].state_dict())
    assert torch.allclose(call(), copied(x))
    assert module.training == training
    assert module[0].weight.dtype == torch.float32
    # What runs is the compiled module or a compiled copy of it, never the plain one.
    assert hasattr(next(iter(workload._ready.values())), "_orig_mod")


def test_a_module_that_changes_its_input_is_seen() -> None:
    class Eager(torch.nn.Module):
        def forward(self, x):
            return x.add_(1)

    assert observe(as_workload(Eager(), example=torch.zeros(1, 4)).prepare(batch_size=2, **HOW)) == ("mutates_inputs",)


def test_a_cache_object_that_grows_is_seen() -> None:
    class Cache:
        def __init__(self) -> None:
            self.keys = []

    class Growing(torch.nn.Module):
        def forward(self, x, cache):
            cache.keys.append(x)
            return torch.cat(cache.keys, dim=1)

    call = as_workload(Growing(), example=(torch.zeros(1, 4), Cache())).prepare(batch_size=2, **HOW)
    assert observe(call) == ("mutates_inputs", "output_varies")


@pytest.mark.parametrize(
    ("change", "said"), [({"dtype": "int3"}, "float32, float64"), ({"dtype": "tf32"}, "Linear on cpu")]
)
def test_misuse_lists_what_is_allowed(change: dict[str, str], said: str) -> None:
    with pytest.raises(WorkloadError, match=said):
        as_workload(torch.nn.Linear(2, 2), example=torch.zeros(1, 2)).prepare(batch_size=1, **(HOW | change))
