"""What holds batches up: collections of garbage, and cores that are taken away."""

from __future__ import annotations

import gc
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from tradeoff.serving.real.disturbances import Collections, labels_of, preemptions


def test_collections_are_noted_while_it_is_entered():
    clock = count(1000, 10)
    was_on = gc.isenabled()
    gc.disable()
    try:
        with Collections(lambda: next(clock)) as collections:
            gc.collect(0)
            gc.collect(1)
        gc.collect(0)
    finally:
        if was_on:
            gc.enable()
    assert collections.since(1000) == [(0, 10), (20, 30)]
    assert collections._note not in gc.callbacks


def test_what_was_there_before_is_not_looked_at_and_given_back():
    assert not gc.get_freeze_count()
    with Collections(lambda: 0):
        assert gc.get_freeze_count() > 1000
    assert not gc.get_freeze_count()
    gc.freeze()
    try:
        with Collections(lambda: 0):
            pass
        assert gc.get_freeze_count() > 1000, "whoever froze them wants them to stay so"
    finally:
        gc.unfreeze()


def test_losing_a_core_is_counted():
    first = preemptions()
    assert isinstance(first, int)
    assert 0 <= first <= preemptions()


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.booleans()), max_size=12)
GAPS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=8)


@given(SPANS, GAPS)
def test_labels_are_those_of_whatever_overlaps(spans, gaps):
    pauses, end = [], 0
    for gap, length in gaps:
        pauses.append((end + gap, end + gap + length))
        end += gap + length
    began, ended, taken = ([span[0] for span in spans], [s + n for s, n, _ in spans], [span[2] for span in spans])
    found = labels_of(began, ended, pauses, taken).tolist()
    for label, first, last, preempted in zip(found, began, ended, taken, strict=True):
        names = ["gc"] * any(a < last and b > first for a, b in pauses) + ["preempted"] * preempted
        assert label == (";".join(names) or None)
