from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tradeoff.workloads import as_workload
from tradeoff.workloads.observe import HASHED, contents, form, observe


def call_of(function, inputs):
    def call():
        return function(inputs)

    call.inputs = inputs
    return call


def test_a_call_that_only_computes_has_no_flag() -> None:
    assert observe(call_of(lambda x: x["a"] + 1, {"a": np.arange(3.0)})) == ()


@pytest.mark.parametrize(
    "change", [lambda x: x.__iadd__(1), lambda x: x.sort(), lambda x: x.__setitem__(-1, 7.0), lambda x: x.fill(np.nan)]
)
@pytest.mark.parametrize("size", [5, 10 * HASHED + 3])
def test_inputs_that_change_are_seen(change, size: int) -> None:
    x = np.random.default_rng(0).standard_normal(size)

    def function(inputs):
        change(inputs[0])
        return 1.0

    assert observe(call_of(function, [x])) == ("mutates_inputs",)


def test_one_number_among_a_million_is_seen() -> None:
    x = np.ones(1_000_001, dtype=np.float32)
    before = contents(x)
    x[123_457] += 0.5
    assert contents(x) != before


@pytest.mark.parametrize(
    "outputs",
    [
        [np.zeros(3), np.zeros(4)],
        [np.zeros(3), np.zeros(3, dtype=np.float32)],
        [np.zeros(3), np.zeros((3, 1))],
        [(np.zeros(3),), (np.zeros(3), np.zeros(3))],
        [{"a": np.zeros(3)}, {"b": np.zeros(3)}],
        [np.zeros(3), None],
        [SimpleNamespace(keys=[np.zeros(1)]), SimpleNamespace(keys=[np.zeros(1)] * 2)],
    ],
)
def test_outputs_of_another_form_are_seen(outputs) -> None:
    turns = itertools.cycle(outputs)
    assert observe(lambda: next(turns)) == ("output_varies",)


def test_other_numbers_in_the_same_form_are_fine() -> None:
    numbers = itertools.count()
    assert observe(lambda: (np.full(3, next(numbers)), next(numbers), str(next(numbers)))) == ()


def test_nothing_returned_is_nobodys_flag() -> None:
    assert observe(lambda: None) == ()


def test_the_users_own_calls_may_show_their_inputs() -> None:
    def factory(batch_size):
        x = np.ones(batch_size)

        def call():
            x[0] += 1
            return x.sum()

        call.inputs = x
        return call

    how = {"batch_size": 4, "dtype": "float32", "device": "cpu", "seed": 0}
    assert observe(as_workload(factory).prepare(**how)) == ("mutates_inputs",)


def test_structures_of_all_kinds() -> None:
    @dataclasses.dataclass
    class Output:
        logits: object
        more: object = None

    tree = Output(logits=np.zeros((2, 3)), more={"a": [np.zeros(1, dtype=np.int8)], "b": SimpleNamespace(c=(1.5, "x"))})
    found = {path: rest for path, *rest in form(tree)}
    assert found["/logits"][:3] == ["ndarray", "(2, 3)", "float64"]
    assert found["/more/a/0"][2] == "int8"
    assert found["/more/b/c/0"] == ["float"]
    assert len(found) == 4


def test_a_structure_that_holds_itself_ends() -> None:
    tree: dict[str, object] = {"x": np.zeros(3)}
    tree["self"] = tree
    assert contents(tree) == contents(tree)
    wide = [[np.zeros(1)] * 100] * 1000
    assert len(form(wide)) <= 4096


def test_what_cannot_be_read_breaks_nothing() -> None:
    class Odd:
        def __getattr__(self, name):
            raise KeyError(name)

    class LooksLikeOne:
        shape, dtype = (2,), "odd"

    for thing in (Odd(), LooksLikeOne(), object(), print, {1, 2}):
        assert contents([thing]) == contents([thing])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "bool", "complex64"])
def test_tensors(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    x = torch.ones(3 * HASHED + 1).to(getattr(torch, dtype))
    before = contents([x])
    assert contents([x.clone()]) == before
    x[-1] = 0
    assert contents([x]) != before
    assert form(x) == form(torch.zeros_like(x)) != form(x[1:])
    scalar = torch.tensor(1).to(getattr(torch, dtype))
    assert contents(scalar) == contents(scalar.clone())


tensors = arrays.arrays(dtype=st.sampled_from([np.float32, np.int64, np.bool_]), shape=arrays.array_shapes(max_dims=3))


@given(tensors)
def test_a_copy_looks_the_same(x) -> None:
    assert contents({"x": x}) == contents({"x": x.copy()}) == contents({"x": np.asfortranarray(x)})


@given(tensors, st.integers(min_value=0))
def test_any_other_number_looks_different(x, place: int) -> None:
    y = x.copy()
    y.flat[place % y.size] = (
        1 - np.nan_to_num(y.flat[place % y.size].astype(float), posinf=5, neginf=5).clip(0, 1).round()
    )
    if not np.array_equal(x, y):
        assert contents(x) != contents(y)
        assert form(x) == form(y)
