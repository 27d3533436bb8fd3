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
    assert variance_of_share(found, np.full(400, float(n))) == pytest.approx(shares.var(), rel=0.25)


def test_blocks_shorter_than_the_memory_are_merged():
    random = np.random.default_rng(5)
    found, n = counts(random, 400, 1000)  # two blocks
    shares = found.sum(axis=1) / n
    alone = (found / n).var(axis=1, ddof=1).mean() * BLOCKS
    assert alone < 0.7 * shares.var(), "neighbours are alike"
    assert variance_of_share(found, np.full(400, float(n))) == pytest.approx(shares.var(), rel=0.25)


def test_what_never_varies_is_known():
    assert variance_of_share(np.full((3, BLOCKS), 7), np.full(3, 6400.0)) == 0.0
