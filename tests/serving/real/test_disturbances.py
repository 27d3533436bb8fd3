"""What holds batches up: collections of garbage, and cores that are taken away."""

from __future__ import annotations

import gc
import sys
from contextlib import closing
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.serving.real.disturbances import Collections, LostCore, labels_of


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


@pytest.mark.parametrize(("batch_ms", "waited_ms", "lost"), [(5, 0.6, True), (5, 0.4, False), (0.1, 0.05, False)])
def test_a_batch_that_waited_for_a_core_for_a_tenth_of_its_time_lost_it(tmp_path, batch_ms, waited_ms, lost):
    counted = tmp_path / "schedstat"
    counted.write_text("100 1000 3\n")
    with closing(LostCore(str(counted))) as core:
        counted.write_text(f"100 {1000 + round(waited_ms * 1e6)} 3\n")
        assert core.has_lost(round(batch_ms * 1e6)) == (lost and sys.platform == "linux")
        assert not core.has_lost(round(batch_ms * 1e6)), "each wait counts once"


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
