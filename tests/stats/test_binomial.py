from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.stats.binomial import binomial_window, order_statistic_ranks


def exact_cdf(n: int, p: Fraction) -> list[Fraction]:
    total, cdf = Fraction(0), []
    for k in range(n + 1):
        total += math.comb(n, k) * p**k * (1 - p) ** (n - k)
        cdf.append(total)
    return cdf


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 120), percent=st.integers(1, 999), alpha=st.sampled_from([0.01, 0.05, 0.2]))
def test_ranks_follow_their_definition_in_exact_arithmetic(n: int, percent: int, alpha: float) -> None:
    p = Fraction(percent, 1000)
    cdf = exact_cdf(n, p)
    half = Fraction(alpha) / 2

    def up_to(k: int) -> Fraction:
        return Fraction(0) if k < 0 else cdf[min(k, n)]

    lower = max(rank for rank in range(n + 2) if up_to(rank - 1) <= half)
    upper = min(rank for rank in range(n + 2) if up_to(rank - 1) >= 1 - half)
    assert order_statistic_ranks(n, percent / 1000, alpha) == (lower, upper)


@pytest.mark.parametrize("n", [1, 10, 1000, 10**6])
@pytest.mark.parametrize("p", [0.5, 0.99, 0.999])
def test_the_window_has_the_mean_and_variance_of_the_binomial(n: int, p: float) -> None:
    first, pmf = binomial_window(n, p)
    k = range(first, first + len(pmf))
    mean = sum(i * q for i, q in zip(k, pmf, strict=True))
    variance = sum((i - mean) ** 2 * q for i, q in zip(k, pmf, strict=True))
    assert mean == pytest.approx(n * p, rel=1e-9)
    assert variance == pytest.approx(n * p * (1 - p), rel=1e-6)
