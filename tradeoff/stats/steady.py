r"""Whether a series begins with a start-up, and how much of it to leave out.

What still settles biases whatever is computed with it; but a slow spell that happens to come first is part of the
system, and leaving it out biases as much. The marginal standard error rule finds where a start could end,

    d* = argmin over d of  1 / (m - d)^2 * sum over i > d of (Z_i - mean of Z_(d+1) ... Z_m)^2

(White, *An effective truncation heuristic for bias reduction in simulation output*, Simulation 69 (6), 1997; batches of
five as in White, Cobb and Spratt, WSC 2000, their medians in place of their means: one late call among the first
hundred is not a start). It is believed only where the series settles before it:

    Z  |\
       | \.._..-.._.-.._      quarter by quarter closer to what follows, the first two further from it than any other
       +---|--------------    stretch of their length; within the first tenth of the series
           d*        m

A spell has edges: its quarters are alike. A head like that is a start-up only where nothing of its kind came back in
forty times its length. Otherwise nothing is cut, and the drift of the whole (`tradeoff.stats.drift`) says what there is
to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeoff.stats.quantiles import as_samples

_BATCH = 5
_QUARTERS = 4
_MOST = 0.1
"""Share of the series that may be cut: a start that lasts longer is no start but a drift."""

_NEVER = 40
"""Times its own length that a head was not followed by its like: a spell that rare takes 2.5 % of the time."""

_CLOSER, _CLOSE = 0.8, 0.5
"""Distance of the second and of the third quarter from the rest, over that of the first: at most."""


@dataclass(frozen=True)
class StartUp:
    """The start of a series that has not settled yet.

    Attributes
    ----------
    cut
        Leading samples to leave out; 0 where there is no start-up.
    change
        Median of the first quarter of them over the median of what follows, minus 1: 0.3 is a start that is 30 %
        slower. 0 where nothing is cut.
    """

    cut: int = 0
    change: float = 0.0


def start_up(values: ArrayLike) -> StartUp:
    """Find the start-up of a series.

    Parameters
    ----------
    values
        One-dimensional samples in the order in which they were taken.

    Returns
    -------
    StartUp
        At most a tenth of the series.

    Raises
    ------
    ValueError
        When the values are not one-dimensional or hold NaN.

    Examples
    --------
    >>> import numpy as np
    >>> calls = np.arange(2000)
    >>> start_up(100 + 50 * np.exp(-calls / 30) + np.sin(calls)).cut > 50
    True
    >>> start_up(np.where(calls < 100, 150, 100) + np.sin(calls)).cut  # a spell, not a start-up
    0
    """
    series = as_samples(values)
    batches = _medians(series)
    limit = int(_MOST * batches.shape[0])
    if limit < _QUARTERS:
        return StartUp()
    best = int(np.argmin(marginal_standard_errors(batches)[: limit + 1]))
    # At the limit the series has not settled in its first tenth.
    if best < _QUARTERS or best == limit:
        return StartUp()
    change = _settling(batches, best)
    return StartUp(best * _BATCH, change) if change else StartUp()


def _settling(batches: NDArray[np.float64], cut: int) -> float:
    """Return by how much the first quarter of the head differs from what follows; 0 when the head does not settle."""
    length = cut // _QUARTERS
    head = np.median(batches[: length * _QUARTERS].reshape(_QUARTERS, length), axis=1)
    rest = batches[cut:]
    level = float(np.median(rest))
    if not level > 0.0:
        return 0.0
    others = np.median(rest[: rest.shape[0] // length * length].reshape(-1, length), axis=1) - level
    away = (head - level) * (1.0 if head[0] >= level else -1.0)
    others = others if head[0] >= level else -others
    first, second, third, _ = away.tolist()
    furthest = float(others.max())
    settles = third <= second and second <= _CLOSER * first and third <= _CLOSE * first and second > furthest
    never_came_back = min(first, second, third) > furthest and rest.shape[0] >= _NEVER * cut
    return float(head[0]) / level - 1.0 if settles or never_came_back else 0.0


def marginal_standard_errors(batches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for every number of batches cut, the squared standard error of the mean of those left, in one pass."""
    m = batches.shape[0]
    centred = batches - np.median(batches)  # sums of squares of large numbers would cancel
    backwards = centred[::-1]
    left = np.arange(1, m + 1, dtype=np.float64)
    around = np.cumsum(backwards**2) - np.cumsum(backwards) ** 2 / left
    errors: NDArray[np.float64] = (np.maximum(around, 0.0) / left**2)[::-1]
    return errors


def _medians(series: NDArray[np.generic]) -> NDArray[np.float64]:
    m = series.shape[0] // _BATCH
    batches = series[: m * _BATCH].reshape(m, _BATCH)
    middle = (_BATCH - 1) // 2
    chosen: NDArray[np.float64] = np.partition(batches, middle, axis=1)[:, middle].astype(np.float64)
    return chosen
