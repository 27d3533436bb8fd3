"""How well a percentile of several replications is known, on series whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradeoff.serving.pooled import known_of, pooled
from tradeoff.serving.virtual.counts import Counts

BLOCKS, SERIES = 64, 5


def excursions(random, each):
    """Return latencies in ms of five series: exponential heights that last for an exponential number of requests."""
    lengths = 1 + random.exponential(99, (SERIES, each)).astype(int)
    return [np.repeat(random.standard_exponential(each), one) for one in lengths]


def told(series, p):
    values, over = [], []
    for one in series:
        limit = np.quantile(one, p, method="inverted_cdf")
        values.append(limit)
        over.append(np.bincount(np.flatnonzero(one > limit) * BLOCKS // len(one), minlength=BLOCKS))
    counts = [Counts.of(one) for one in series]
    n = np.array([float(len(one)) for one in series])
    return pooled(np.array(values), counts, p), known_of(np.array(values), counts, np.array(over), n, p)


@pytest.mark.parametrize("each", [800, 2000])
def test_the_error_is_that_of_many_runs_and_the_interval_holds_the_truth_however_few_excursions_there_are(each):
    """Eight excursions beyond p99 in a replication, and twenty.

    k exponential stretches sum up to what is known to sqrt(2 / k); heights are exponential, with a p99 of ln 100.
    """
    random = np.random.default_rng(each)
    found = [told(excursions(random, each), 0.99) for _ in range(60)]
    truth = math.log(100.0)
    spread = math.sqrt(2.0 / (0.01 * each * SERIES)) / truth
    strays = np.array([centre / truth - 1.0 for centre, _ in found])
    assert math.sqrt(np.mean(strays**2)) == pytest.approx(spread, rel=0.3)
    assert math.sqrt(np.mean([known.error**2 for _, known in found])) == pytest.approx(spread, rel=0.12)
    assert np.mean([known.at_most > 0.85 * spread for _, known in found]) >= 0.65
    assert np.mean([known.low <= truth <= known.high for _, known in found]) >= 0.9
    assert all(known.error <= known.at_most for _, known in found)


def test_few_excursions_are_known_worse_than_their_number_of_requests_says():
    """Each request of an independent height against stretches of the same: equal shares, twenty times the variance."""
    random = np.random.default_rng(3)
    rough = told(excursions(random, 2000), 0.99)[1]
    fine = told([random.standard_exponential(200_000) for _ in range(SERIES)], 0.99)[1]
    assert rough.error > 5.0 * fine.error
    assert rough.at_most / rough.error > fine.at_most / fine.error


def test_of_few_excursions_whose_sum_is_given_the_variance_is_that_of_any():
    """k exponential stretches with a given sum have squares of 2 / (k + 1) of it; without one their sum has 2 / k."""
    random, each, n = np.random.default_rng(8), 4, 100_000
    counts = [Counts.of(random.standard_exponential(n)) for _ in range(SERIES)]
    values = np.full(SERIES, math.log(100.0))
    squares = []
    for _ in range(300):
        over = np.zeros((SERIES, BLOCKS))
        for one in over:
            one[random.choice(BLOCKS, each, replace=False)] = 0.01 * n * random.dirichlet(np.ones(each))
        squares.append(known_of(values, counts, over.astype(int), np.full(SERIES, float(n)), 0.99).error ** 2)
    assert math.sqrt(np.mean(squares)) * math.log(100.0) == pytest.approx(math.sqrt(2.0 / (each * SERIES)), rel=0.06)


def test_what_is_not_known_has_no_end():
    series = [np.ones(10)] * SERIES
    known = told(series, 0.5)[1]
    assert math.isinf(known.at_most)
    assert math.isnan(known.low)
    assert told([np.zeros(1000)] * SERIES, 0.5)[1].at_most == 0.0
