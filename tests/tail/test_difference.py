import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.stats.student import t_quantile
from tradeoff.tail.difference import (
    AROUND,
    BLOCKS,
    FEWEST,
    Shares,
    _half,
    around_median,
    blocks_of,
    difference,
    fewest_requests,
)


def means_one_by_one(quantities, kept, q):
    chosen = quantities[:, kept]
    order = np.argsort(chosen[0], kind="stable")
    n = len(order)
    low, high = int(AROUND[0] * n), max(int(AROUND[1] * n), int(AROUND[0] * n) + 1)
    rank = min(n - 1, max(1, math.ceil(n * q - 1e-9)))
    return chosen[:, order[low:high]].mean(axis=1), chosen[:, order[rank:]].mean(axis=1)


def half_one_by_one(values, stretches):
    n = len(values)
    apart = values - values.mean(axis=0)
    squares = (apart**2).sum(axis=0)
    alike = np.where(squares > 0, (apart[1:] * apart[:-1]).sum(axis=0) / np.where(squares > 0, squares, 1), 0) + 1 / n
    alike = np.clip(alike, 0, 0.9)
    return t_quantile(0.975, max(1, min(n, round(stretches)) - 1)) * np.sqrt(
        (n - 1) / n * squares * (1 + alike) / (1 - alike)
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(40, 400), st.integers(2, 16), st.sampled_from([0.6, 0.9, 0.95, 0.99]), st.integers(0, 10**6))
def test_it_is_the_jackknife_done_one_by_one(n, count, q, seed):
    rng = np.random.default_rng(seed)
    latency = rng.integers(1, 50, n).astype(float)  # ties among them
    part = rng.uniform(0, 1, n) * latency
    quantities = np.stack([latency, part, latency - part])
    blocks = np.sort(rng.integers(0, count, n))
    blocks = np.unique(blocks, return_inverse=True)[1]
    found = difference(quantities, blocks, q)
    around, tail = means_one_by_one(quantities, np.arange(n), q)
    assert found.around == pytest.approx(around)
    assert found.tail == pytest.approx(tail)
    extras = [
        np.subtract(*means_one_by_one(quantities, np.flatnonzero(blocks != b), q)[::-1]) for b in range(max(blocks) + 1)
    ]
    if len(extras) > 1:
        assert found.half == pytest.approx(half_one_by_one(np.array(extras), found.stretches), rel=1e-6, abs=1e-9)
    assert found.extra[0] == pytest.approx(found.extra[1] + found.extra[2])
    assert found.extra_without == pytest.approx(np.array(extras), abs=1e-9)
    assert found.tail_without.shape == found.extra_without.shape


def test_the_tail_is_what_lies_beyond_the_percentile():
    latency = np.random.default_rng(0).permutation(np.arange(1.0, 2001.0))
    found = difference(latency[None], np.arange(2000) // 125, 0.99)
    assert (found.threshold, found.n, found.n_tail) == (1980.0, 2000, 20)
    assert found.tail[0] == np.arange(1981, 2001).mean()
    assert found.around[0] == np.arange(901, 1101).mean()


def test_the_requests_around_the_median_are_the_middle_tenth():
    latency = np.random.default_rng(0).permutation(np.arange(1000.0))
    assert sorted(latency[around_median(latency)]) == list(range(450, 550))


def test_a_tail_in_few_stretches_says_so_and_knows_its_length_less_well():
    rng = np.random.default_rng(0)
    latency, blocks = rng.normal(10.0, 1.0, 8000), np.arange(8000) // 500
    spread = difference(latency[None], blocks, 0.99)
    assert spread.stretches == pytest.approx(80**2 / (np.bincount(blocks[latency > spread.threshold]) ** 2).sum())
    assert spread.stretches > 8
    latency[1000:1060] += 20.0
    latency[5000:5020] += 20.0
    apart = difference(latency[None], blocks, 0.99)
    assert apart.stretches == pytest.approx(80**2 / (60**2 + 20**2))
    assert apart.half[0] / _half(apart.extra_without, 16)[0] == pytest.approx(
        t_quantile(0.975, 1) / t_quantile(0.975, 15)
    )


def test_a_tail_of_the_same_length_has_no_shares():
    found = difference(np.ones((2, 1000)), np.arange(1000) // 63, 0.99)
    assert found.extra.tolist() == [0.0, 0.0]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=120))
def test_blocks_are_about_as_large_and_cut_no_batch(sizes):
    batch = np.repeat(np.arange(len(sizes)), sizes)
    blocks = blocks_of(batch)
    assert set(blocks) == set(range(max(blocks) + 1))
    assert (np.diff(blocks) >= 0).all()
    assert len(set(zip(batch, blocks, strict=True))) == len(sizes)
    assert np.bincount(blocks).max() <= len(batch) / BLOCKS + max(sizes)


def test_batches_that_lie_interleaved_are_not_cut_either():
    batch = np.array([0, 1, 0, 1, 2, 3, 2, 3] * 20) + np.repeat(np.arange(20) * 4, 8)
    blocks = blocks_of(batch)
    assert all(len(set(blocks[batch == one])) == 1 for one in set(batch))


@pytest.mark.parametrize(("q", "needed"), [(0.99, 1000), (0.9, 100), (0.999, 10_000), (0.95, 200)])
def test_how_many_requests_it_takes(q, needed):
    assert fewest_requests(q) == needed
    assert needed - math.ceil(needed * q - 1e-9) == FEWEST


def parts(draw_count):
    numbers = st.floats(-1e9, 1e9, allow_nan=False)
    return st.lists(st.lists(numbers, min_size=4, max_size=4), min_size=draw_count, max_size=draw_count)


@given(parts(5), st.sets(st.integers(0, 3), min_size=1))
def test_shares_and_their_ends_lie_in_0_to_1_and_those_of_all_parts_are_1(rows, some):
    added, *without = np.array(rows)
    shares = Shares.of(added, np.array(without))
    if not (added > 0).any():
        assert np.isnan(shares.values[0]).all()
        return
    assert shares.values[0].sum() == pytest.approx(1.0)
    assert shares.together(range(4))[0] == pytest.approx(1.0)
    share, low, high = shares.together(sorted(some))
    assert 0.0 <= share <= 1.0
    assert np.isnan(low) or 0.0 <= low <= share <= high <= 1.0


def test_a_part_that_adds_less_than_nothing_has_no_share():
    shares = Shares.of(np.array([9.0, 3.0, -4.0]), np.array([[9.0, 3.0, -4.0], [9.0, 3.0, -4.0]]))
    assert [shares.together([column])[0] for column in range(3)] == [0.75, 0.25, 0.0]


def test_one_block_knows_no_interval():
    found = difference(np.arange(1.0, 101.0)[None], np.zeros(100, dtype=int), 0.9)
    assert np.isnan(found.half).all()


def test_blocks_that_are_alike_widen_the_interval():
    answers = np.arange(16.0)[:, None]
    shuffled = np.random.default_rng(1).permutation(answers)
    assert _half(answers, 16)[0] > 2.0 * _half(shuffled, 16)[0]
