from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.timing.block import make_block
from tradeoff.timing.fake import FakeRunner
from tradeoff.timing.throughput import busy_share, in_flight_mean, rate

MS = 1_000_000


def blocks_of(runner: FakeRunner, *, k: int, count: int = 10, duration_ns: int = 200 * MS):
    return [runner.run([bool] * k, max_calls=None, duration_ns=duration_ns) for _ in range(count)]


@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize("call_ms", [0.05, 1.0, 30.0, 130.0, 500.0, 3000.0])
def test_constant_calls_give_k_over_their_time(k: int, call_ms: float) -> None:
    blocks = blocks_of(FakeRunner(duration_ns=lambda slot, i: int(call_ms * MS)), k=k)
    found = rate(blocks)
    assert found.calls_per_s == pytest.approx(k * 1000 / call_ms, rel=1e-6)
    assert found.lo <= found.calls_per_s <= found.hi
    assert found.duration_s == pytest.approx(10 * max(0.2, math.ceil(200 / call_ms) * call_ms / 1e3))
    assert sum(block.in_window.sum() for block in blocks) / found.duration_s == pytest.approx(found.calls_per_s)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("mean_ms", [5.0, 50.0, 400.0])
def test_uneven_calls_give_k_over_their_mean_however_long_a_block_is(k: int, mean_ms: float) -> None:
    random = np.random.default_rng(11)
    calls = FakeRunner(duration_ns=lambda slot, i: int(random.exponential(mean_ms * MS)))
    blocks = blocks_of(calls, k=k, count=1500)
    found = rate(blocks)
    n = sum(int(block.in_window.sum()) for block in blocks)
    assert found.calls_per_s == pytest.approx(k * 1000 / mean_ms, rel=4 / np.sqrt(n))
    assert n / found.duration_s == pytest.approx(found.calls_per_s, rel=1e-12)


@pytest.mark.parametrize("call_ms", [1.0, 500.0])
def test_slots_that_begin_one_by_one_are_all_counted(call_ms: float) -> None:
    rows = [(slot, slot * MS // 20, slot * MS // 20 + int(call_ms * MS)) for slot in range(4)]
    slot, submitted, done = np.array(rows, dtype=np.int64).T
    block = make_block(slot=slot, submitted_ns=submitted, done_ns=done, concurrency=4, deadline_ns=200 * MS)
    assert block.in_window.sum() == 4
    assert rate([block]).calls_per_s == pytest.approx(4000 / call_ms)


def test_the_first_few_calls_of_several_slots_are_not_counted_too_high() -> None:
    random = np.random.default_rng(5)
    times = [
        rate(blocks_of(FakeRunner(duration_ns=lambda slot, i: int(random.exponential(1e9))), k=4, count=1))
        for _ in range(400)
    ]
    calls, seconds = sum(found.calls_per_s * found.duration_s for found in times), sum(f.duration_s for f in times)
    assert calls / seconds == pytest.approx(4.0, rel=0.1)


def test_a_slot_that_is_kept_waiting_does_not_slow_the_others() -> None:
    # An unfair lock: one slot gets it two hundred times while the other waits for it.
    blocks = blocks_of(FakeRunner(duration_ns=lambda slot, i: 1000 * MS if slot else MS), k=2)
    found = rate(blocks)
    assert found.calls_per_s == pytest.approx(1001)
    assert sum(int(block.in_window.sum()) for block in blocks) / found.duration_s == pytest.approx(1001)


def test_gaps_between_calls_count() -> None:
    found = rate(blocks_of(FakeRunner(duration_ns=lambda slot, i: 3 * MS, gap_ns=MS), k=2))
    assert found.calls_per_s == pytest.approx(500, rel=0.02)


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_littles_law_holds_without_gaps(seed: int, k: int) -> None:
    random = np.random.default_rng(seed)
    blocks = blocks_of(FakeRunner(duration_ns=lambda slot, i: int(random.integers(MS, 3 * MS))), k=k, count=2)
    latency = np.concatenate([(b.done_ns - b.submitted_ns)[b.in_window] for b in blocks])
    assert rate(blocks).calls_per_s * latency.mean() / 1e9 == pytest.approx(k, rel=0.05)


def test_the_interval_covers_the_true_rate() -> None:
    random = np.random.default_rng(7)
    hits = 0
    for _ in range(300):
        runner = FakeRunner(duration_ns=lambda slot, i: int(random.exponential(MS)))
        found = rate(blocks_of(runner, k=2, count=4, duration_ns=50 * MS))
        hits += found.lo <= 2000 <= found.hi
    assert 0.90 <= hits / 300 <= 0.99


def test_no_window_no_rate() -> None:
    found = rate([])
    assert np.isnan([found.calls_per_s, found.lo, found.hi]).all()
    assert np.isnan(busy_share([]))


@pytest.mark.parametrize(("k", "gap", "share"), [(1, 0, 1.0), (1, MS, 0.5), (4, 0, 1.0)])
def test_the_busy_share_is_the_union_of_calls(k: int, gap: int, share: float) -> None:
    blocks = blocks_of(FakeRunner(duration_ns=lambda slot, i: MS, gap_ns=gap), k=k)
    assert busy_share(blocks) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("k", [1, 4])
def test_calls_in_flight_are_counted_inside_the_window_only(k: int) -> None:
    # One call in twenty is a hundred times as long, and overhangs the end of its block.
    rare = blocks_of(FakeRunner(duration_ns=lambda slot, i: 100 * MS if i % 20 == 19 else MS), k=k)
    assert in_flight_mean(rare) == pytest.approx(k, rel=1e-9)
    gaps = blocks_of(FakeRunner(duration_ns=lambda slot, i: 3 * MS, gap_ns=MS), k=k)
    assert in_flight_mean(gaps) == pytest.approx(0.75 * k, rel=0.02)
    assert np.isnan(in_flight_mean([]))
