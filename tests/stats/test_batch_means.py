from __future__ import annotations

import numpy as np
import pytest

from tradeoff.stats.batch_means import variance_of_share

BLOCKS, LENGTH = 64, 500


def counts(random, series, memory):
    """Count events of one in twenty that come in spells of `memory` samples."""
    n = BLOCKS * LENGTH
    spells = random.random((series, n // memory)) < 0.05
    return np.repeat(spells, memory, axis=1).reshape(series, BLOCKS, LENGTH).sum(axis=2), n


@pytest.mark.parametrize("memory", [1, 10, 100])
def test_it_is_the_variance_between_series(memory):
    random = np.random.default_rng(memory)
    found, n = counts(random, 400, memory)
    shares = found.sum(axis=1) / n
    assert variance_of_share(found, np.full(400, float(n))).value == pytest.approx(shares.var(), rel=0.25)


def test_blocks_shorter_than_the_memory_are_merged():
    random = np.random.default_rng(5)
    found, n = counts(random, 400, 1000)  # two blocks
    shares = found.sum(axis=1) / n
    alone = (found / n).var(axis=1, ddof=1).mean() * BLOCKS
    assert alone < 0.7 * shares.var(), "neighbours are alike"
    assert variance_of_share(found, np.full(400, float(n))).value == pytest.approx(shares.var(), rel=0.25)


def test_what_never_varies_is_known():
    assert variance_of_share(np.full((3, BLOCKS), 7), np.full(3, 6400.0)) == (0.0, 0.0)


def test_how_well_a_variance_is_known_is_how_it_differs_from_one_set_of_series_to_the_next():
    random = np.random.default_rng(6)
    found, n = counts(random, 2000, 100)
    sets = [variance_of_share(found[at : at + 5], np.full(5, float(n))) for at in range(0, 2000, 5)]
    values = np.array([one.value for one in sets])
    assert np.mean([one.error for one in sets]) == pytest.approx(values.std() / values.mean(), rel=0.3)
    rare = np.where(random.random((5, BLOCKS)) < 0.02, 500, 0)
    assert variance_of_share(rare, np.full(5, float(n))).error > 2.0 * np.mean([one.error for one in sets])


def test_what_the_largest_blocks_miss_of_a_known_memory_is_made_up_for():
    random = np.random.default_rng(7)
    memories, steps = 32.0, 64 * 16
    decay = np.exp(-memories / steps)
    state = random.standard_normal(2000)
    blocks = np.zeros((2000, BLOCKS))
    for step in range(steps):
        blocks[:, step * BLOCKS // steps] += state
        state = decay * state + np.sqrt(1.0 - decay**2) * random.standard_normal(2000)
    truth = blocks.sum(axis=1).var()
    n = np.ones(2000)
    assert variance_of_share(blocks, n).value < 0.7 * truth
    assert variance_of_share(blocks, n, memories).value == pytest.approx(truth, rel=0.12)
