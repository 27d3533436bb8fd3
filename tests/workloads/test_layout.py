"""Layouts at another batch size: laws against what torch itself does with views."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.workloads.layout import layout_for

torch = pytest.importorskip("torch")

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=5)

VIEWS = {
    "contiguous": lambda b: torch.ones(b, 3, 4, 5),
    "channels_last": lambda b: torch.ones(b, 3, 4, 5).to(memory_format=torch.channels_last),
    "channels_last_3d": lambda b: torch.ones(b, 3, 4, 5, 2).to(memory_format=torch.channels_last_3d),
    "one channel, last": lambda b: torch.ones(b, 1, 4, 5).to(memory_format=torch.channels_last),
    "time first": lambda b: torch.ones(7, b, 3).transpose(0, 1),
    "transposed": lambda b: torch.ones(6, b).t(),
    "transposed inside": lambda b: torch.ones(b, 6, 4).transpose(1, 2),
    "padded rows": lambda b: torch.ones(b, 128)[:, :64],
    "every other": lambda b: torch.ones(b, 8, 8)[:, ::2, 1::3],
    "expanded heads": lambda b: torch.ones(b, 1, 4, 4).expand(b, 8, 4, 4),
    "expanded batch": lambda b: torch.ones(1, 4, 4).expand(b, 4, 4),
    "windows": lambda b: torch.ones(b + 3).unfold(0, 4, 1),
    "one number": lambda b: torch.ones(b),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("example", [2, 3, 6])
@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_a_view_of_another_batch_size_lies_as_torch_would_lay_it(name, example, batch_size) -> None:
    value, wanted = VIEWS[name](example), VIEWS[name](batch_size)
    layout = layout_for(tuple(value.shape), value.stride(), batch_size)
    assert layout.is_kept
    said = layout.strides[1:] if batch_size == 1 else layout.strides
    assert said == (wanted.stride()[1:] if batch_size == 1 else wanted.stride())
    torch.ones(layout.span).as_strided(tuple(wanted.shape), layout.strides).sum()  # fits, or raises


@pytest.mark.parametrize(
    "name", [name for name in VIEWS if name not in ("time first", "transposed", "windows", "expanded batch")]
)
def test_an_example_of_one_row_shows_how_rows_lie(name) -> None:
    value, wanted = VIEWS[name](1), VIEWS[name](4)
    assert layout_for(tuple(value.shape), value.stride(), 4).strides == wanted.stride()


def test_gaps_inside_of_a_batch_that_is_not_outermost_cannot_be_kept() -> None:
    value = torch.ones(4, 5)[:, :2].t()  # 2 rows, each number 5 apart, rows 1 apart
    layout = layout_for(tuple(value.shape), value.stride(), 6)
    assert not layout.is_kept
    assert layout.strides == (4, 1)


@given(SHAPES, st.randoms(use_true_random=False), st.integers(1, 6))
def test_dense_orders_stay_dense_and_the_same_size_changes_nothing(shape, random, batch_size) -> None:
    order = list(range(len(shape)))
    random.shuffle(order)
    value = torch.ones([shape[place] for place in order]).permute([order.index(place) for place in range(len(shape))])
    same = layout_for(shape, value.stride(), shape[0])
    assert same.is_kept
    assert same.span == value.numel()
    if shape[0] > 1:
        assert same.strides == value.stride()
    other = layout_for(shape, value.stride(), batch_size)
    assert other.span == batch_size * math.prod(shape[1:])
    seen = torch.arange(other.span).as_strided((batch_size, *shape[1:]), other.strides).reshape(-1)
    assert sorted(seen.tolist()) == list(range(other.span))


def test_nothing_has_a_layout_too() -> None:
    assert layout_for((2, 0, 3), (0, 3, 1), 5).span == 0
