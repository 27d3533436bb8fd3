"""Series whose truth is known, many at a time: a row is a run."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def normal(
    random: np.random.Generator, *, runs: int, n: int, sigma: float = 1.0, rho: float = 0.0
) -> NDArray[np.float64]:
    """Draw AR(1) series of standard deviation `sigma` around zero; rho = 0 is without memory."""
    noise = random.standard_normal((n, runs))
    if rho:
        noise[1:] *= math.sqrt(1 - rho**2)
        for i in range(1, n):
            noise[i] += rho * noise[i - 1]
    return sigma * noise.T


def latencies(
    random: np.random.Generator, *, runs: int, n: int, sigma: float, rho: float = 0.0, shape: str = "normal"
) -> NDArray[np.float64]:
    """Draw latencies around 1 ms, in ns, with a coefficient of variation of `sigma`."""
    if shape == "lognormal":
        return 1e6 * np.exp(normal(random, runs=runs, n=n, sigma=math.sqrt(math.log1p(sigma**2)), rho=rho))
    return 1e6 * np.maximum(1 + normal(random, runs=runs, n=n, sigma=sigma, rho=rho), 0.01)
