"""How a tensor lies in memory, carried over to another batch size: memory format, strides, views.

The first dimension is the batch. Kept are channels-last and every other order of dimensions, rows that are padded or
are slices of something larger, and dimensions that were expanded (stride 0), the batch among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Where the elements of a tensor lie.

    Attributes
    ----------
    strides
        Elements from one index to the next, for each dimension.
    span
        Elements of memory that it takes, from the first to the last.
    is_kept
        Whether it is that of the example; else it is contiguous.
    """

    strides: tuple[int, ...]
    span: int
    is_kept: bool = True


def layout_for(shape: Sequence[int], strides: Sequence[int], batch_size: int) -> Layout:
    """Return the layout of an example at another batch size.

    Parameters
    ----------
    shape, strides
        Of the example, as torch says them; one dimension at least.
    batch_size
        The new size of the first dimension.

    Returns
    -------
    Layout
        In order of preference: the batch is the outermost dimension or expanded, and all strides stay; the elements
        lie densely in some order of dimensions, which stays; elements overlap as in a sliding window, and strides stay.
        Where a dimension lies outside of the batch and the rows have gaps, no layout is the same: then contiguous.
    """
    new = (batch_size, *shape[1:])
    if 0 in shape:
        return Layout(_dense(new, range(len(new))), 0)
    rest = _span(shape[1:], strides[1:])
    if shape[0] == 1:
        # A dimension of size 1 has any stride: that of a row among its neighbours, where it is long enough.
        outer = strides[0] if strides[0] >= rest else rest
        return _of(new, (outer, *strides[1:]))
    if strides[0] == 0 or strides[0] >= rest:
        return _of(new, strides)
    order = sorted(range(len(shape)), key=lambda place: (-strides[place], shape[place] == 1, place))
    if _dense(shape, order) == tuple(strides):
        return _of(new, _dense(new, order))
    if _overlaps(shape, strides):
        return _of(new, strides)
    contiguous = _dense(new, range(len(new)))
    return Layout(contiguous, _span(new, contiguous), is_kept=False)


def _of(shape: Sequence[int], strides: Sequence[int]) -> Layout:
    return Layout(tuple(strides), _span(shape, strides))


def _span(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Count the elements of memory from the first element to the last."""
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def _dense(shape: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """Return strides without gaps, the dimensions in `order` from the outermost to the innermost."""
    strides, step = [0] * len(shape), 1
    for place in reversed(order):
        strides[place] = step
        step *= shape[place]
    return tuple(strides)


def _overlaps(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Say whether two indices may share an element: a stride is shorter than what lies inside of it."""
    inner = 1
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size == 1:
            continue
        if stride < inner:
            return True
        inner += (size - 1) * stride
    return False
