from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.timing.memory import MOST_COPIES, HostMemory, copies_of_inputs, in_turn

MIB = 1 << 20


@given(st.floats(1.0, 1e10), st.integers(1, 10**9), st.integers(1, 10**12), st.integers(1, 64))
def test_copies_fill_the_cache_within_their_means(call_bytes: float, cache: int, free: int, slots: int) -> None:
    copies, is_cold = copies_of_inputs(call_bytes=call_bytes, cache_bytes=cache, free_bytes=free, slots=slots)
    assert copies >= 2
    total = copies * slots
    affordable = min(MOST_COPIES, free / 4 / call_bytes)
    assert total <= max(2 * slots, affordable + slots)
    assert is_cold == (total >= max(2, math.ceil(5 * cache / call_bytes) + 1))
    if is_cold:
        assert total * call_bytes >= 5 * cache


def test_the_rule_of_the_page() -> None:
    assert copies_of_inputs(call_bytes=10 * MIB, cache_bytes=50 * MIB, free_bytes=100_000 * MIB, slots=1) == (26, True)
    assert copies_of_inputs(call_bytes=1000 * MIB, cache_bytes=50 * MIB, free_bytes=100_000 * MIB, slots=1) == (2, True)
    assert copies_of_inputs(call_bytes=10 * MIB, cache_bytes=50 * MIB, free_bytes=100_000 * MIB, slots=4) == (7, True)
    assert copies_of_inputs(call_bytes=10 * MIB, cache_bytes=50 * MIB, free_bytes=400 * MIB, slots=1) == (10, False)
    assert copies_of_inputs(call_bytes=1024, cache_bytes=50 * MIB, free_bytes=100_000 * MIB, slots=1) == (1024, False)


def test_calls_take_turns() -> None:
    call = in_turn([lambda number=number: number for number in range(3)])
    assert [call() for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("sizes", "found"), [(["32K", "1024K", "32768K"], 32 * MIB), (["4M"], 4 * MIB), (["?"], 32 * MIB), ([], 32 * MIB)]
)
def test_the_largest_cache_is_the_last(tmp_path: Path, sizes: list[str], found: int) -> None:
    for number, size in enumerate(sizes):
        (tmp_path / f"index{number}").mkdir()
        (tmp_path / f"index{number}" / "size").write_text(size + "\n")
    assert HostMemory(tmp_path).cache_bytes == found


def test_a_flush_touches_twice_the_cache_each_time(tmp_path: Path) -> None:
    (tmp_path / "index0").mkdir()
    (tmp_path / "index0" / "size").write_text("64K")
    memory = HostMemory(tmp_path)
    memory.flush()
    first = memory._scratch.copy()
    memory.flush()
    assert first.nbytes == 2 * 64 * 1024
    assert (memory._scratch == -first).all()
    assert np.abs(first).min() == 1
