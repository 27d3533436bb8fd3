from __future__ import annotations

import math

import pytest

from tradeoff.stats.student import t_quantile


def cdf(t: float, degrees: int) -> float:
    """Student's distribution by Simpson's rule."""
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi)
    steps = 4000
    width = t / steps

    def density(x: float) -> float:
        return scale * (1 + x * x / degrees) ** (-(degrees + 1) / 2)

    inner = sum((4 if i % 2 else 2) * density(i * width) for i in range(1, steps))
    return 0.5 + width / 3 * (density(0) + inner + density(t))


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 9, 19, 30, 200])
@pytest.mark.parametrize("p", [0.9, 0.975, 0.995])
def test_is_the_inverse_of_the_distribution(degrees: int, p: float) -> None:
    tolerance = 1e-9 if degrees <= 2 else 3e-3 * (1 - p) if degrees >= 9 else 0.02
    assert cdf(t_quantile(p, degrees), degrees) == pytest.approx(p, abs=max(tolerance, 1e-8))


def test_no_degrees_of_freedom_is_an_error() -> None:
    with pytest.raises(ValueError, match="degrees"):
        t_quantile(0.975, 0)
