"""Token by token with a cache against one causal pass over the whole sequence, in float64 and by another program."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.serving.tokens import Transformer
from tradeoff.serving.tokens.transformer import token_model
from tradeoff.workloads import WorkloadError, draws
from tradeoff.workloads.operations.layer_norm import EPSILON
from tradeoff.workloads.operations.transformer import TransformerDecode, TransformerPrefill

SIZES = {"width": 16, "heads": 4, "kv_heads": 2, "hidden": 24}


def exactly(tensor):
    return tensor.double().numpy().copy()


class Watched:
    """Steps that keep what went in and what came out, request by request."""

    def __init__(self, model, *, places, positions, dtype="float64", seed=3):
        self.model, self.dtype, self.seed = model, dtype, seed
        self.steps = model.prepare(places=places, positions=positions, dtype=dtype, device="cpu", seed=seed)
        self.inputs, self.outputs, self.prompts = {}, {}, {}

    def prefill(self, *prompts):
        for (number, tokens), out in zip(prompts, self.steps.prefill(prompts), strict=True):
            self.prompts[number] = tokens
            self.inputs[number] = [exactly(self.steps.prompt(number, tokens))]
            self.outputs[number] = [exactly(out)]

    def decode(self):
        for number, out in zip(self.steps.numbers, self.steps.decode(), strict=True):
            last = self.outputs[number][-1]
            # What came out, normed, goes in; rounded as the model has it.
            normed = (last - last.mean()) / np.sqrt(last.var() + EPSILON)
            self.inputs[number].append(normed[None])
            self.outputs[number].append(exactly(out))

    def whole(self, number):
        """Compute every position of a request's sequence at once."""
        x = np.concatenate(self.inputs[number])[None]
        for layer in range(self.model.layers):
            block = TransformerPrefill(**SIZES | {"kv_heads": self.model.block.kv_heads}, length=x.shape[1])
            arrays = {
                name: draws.exact(spec, dtype=self.dtype, seed=self.seed + layer, place=place)
                for place, (name, spec) in enumerate(block.inputs(1).items())
            }
            x = block.exact(**arrays | {"x": x})
        return x[0, self.prompts[number] - 1 :]

    def check(self, tolerance):
        assert self.outputs
        for number, outputs in self.outputs.items():
            np.testing.assert_allclose(np.array(outputs), self.whole(number), rtol=tolerance, atol=tolerance)


def model(layers=1, **sizes):
    return Transformer(block=TransformerDecode(**SIZES | sizes), layers=layers)


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-4)])
def test_requests_that_come_and_go_compute_what_they_would_alone(kv_heads, dtype, tolerance):
    watched = Watched(model(layers=2, kv_heads=kv_heads), places=4, positions=20, dtype=dtype)
    watched.prefill((0, 3), (1, 5))
    watched.decode()
    watched.decode()
    watched.prefill((2, 7))
    watched.decode()
    watched.steps.leave([0])
    watched.decode()
    watched.prefill((3, 2), (4, 9))
    watched.decode()
    watched.steps.leave([1, 3])
    watched.prefill((5, 1))
    watched.decode()
    watched.decode()
    assert sorted(watched.steps.numbers) == [2, 4, 5]
    watched.check(tolerance)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 6), st.just("decode"), st.just("leave")), min_size=1, max_size=25), st.data())
def test_whatever_the_order(what, data):
    watched, new = Watched(model(), places=3, positions=40), 0
    for step in what:
        inside = watched.steps.numbers
        if step == "leave" and inside:
            watched.steps.leave([data.draw(st.sampled_from(inside))])
        elif step == "decode" and inside and max(watched.steps._held) < 40:
            watched.decode()
        elif isinstance(step, int) and len(inside) < 3:
            watched.prefill((new, step))
            new += 1
    if new:
        watched.check(1e-10)


def test_requests_have_prompts_of_their_own():
    steps = model().prepare(places=2, positions=9, dtype="float64", device="cpu", seed=0)
    first, second = (exactly(out) for out in steps.prefill([(0, 4), (1, 4)]))
    assert np.abs(first - second).max() > 0.1
    again = model().prepare(places=2, positions=9, dtype="float64", device="cpu", seed=0)
    assert (exactly(again.prefill([(0, 4), (1, 4)])[1]) == second).all(), "the same seed"


def test_leaving_twice_or_without_having_come_is_no_matter():
    steps = model().prepare(places=2, positions=9, dtype="float32", device="cpu", seed=0)
    steps.prefill([(7, 2)])
    steps.leave([3, 7])
    steps.leave([7])
    assert steps.numbers == ()


def test_what_a_model_is():
    assert token_model("transformer", device="cpu") == Transformer()
    assert token_model("transformer", device="cuda").block.width == 4096
    assert token_model(TransformerDecode(width=32), device=None).block.width == 32
    assert token_model(Transformer, device=None) == Transformer()
    assert token_model(lambda: model(layers=3), device=None).layers == 3
    own = model(layers=2)
    assert token_model(own, device=None) is own
    assert dataclasses.replace(own, layers=1).layers == 1


@pytest.mark.parametrize("wrong", ["softmax", "", 3, None, TransformerPrefill(), object(), {"name": "x"}, lambda: 4])
def test_what_is_no_model(wrong):
    with pytest.raises(ValueError, match="model must be 'transformer', a Transformer"):
        token_model(wrong, device=None)


@pytest.mark.parametrize("wrong", [{"layers": 0}, {"layers": True}, {"layers": 1.5}, {"block": "large"}])
def test_sizes_that_are_none(wrong):
    with pytest.raises(WorkloadError, match=next(iter(wrong))):
        Transformer(**wrong)
