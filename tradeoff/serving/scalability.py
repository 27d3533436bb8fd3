"""How throughput grows with what is in flight: the Universal Scalability Law.

::

    X(N) = g N / (1 + s (N - 1) + k N (N - 1))

g is the throughput of one alone; s the share of the work that cannot overlap (contention: a queue for something); k
what each pair costs that has to agree (coherence). Without k throughput rises towards g / s; with it, it is highest at
N* = sqrt((1 - s) / k), and more in flight gives less (Gunther, *Guerrilla Capacity Planning*, Springer, 2007, chapters
4 to 6). Three-parameter least squares on the throughputs, by Gauss and Newton with halved steps, from the solution of
N / X, which is linear in the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tradeoff.digits import three
from tradeoff.frames import IDENTITY_COLUMNS, UNUSABLE, Run

Numbers = NDArray[np.float64]

_ROUNDS = 100
_FEWEST = 4
"""With three parameters three throughputs are always met: nothing would be checked."""


@dataclass(frozen=True, eq=False)
class Scalability:
    """Throughput against what is in flight, for rows that differ in nothing else.

    Attributes
    ----------
    group
        What the rows have in common: columns of ``points`` to values.
    concurrency, throughput_rps
        What it was fitted to.
    alone_rps
        g: the fitted throughput of one in flight; NaN where nothing was fitted.
    contention, coherence
        s and k; below zero where throughput grows faster than what is in flight: a finding.
    scatter_pct
        Root mean square of what is left over, in percent of the throughput.
    """

    group: Mapping[str, Any]
    concurrency: tuple[float, ...]
    throughput_rps: tuple[float, ...]
    alone_rps: float = math.nan
    contention: float = math.nan
    coherence: float = math.nan
    scatter_pct: float = math.nan

    @property
    def peak(self) -> float:
        """N*: what is in flight where throughput is highest; NaN where the law has no such place."""
        if not (self.coherence > 0 and self.contention < 1):
            return math.nan
        return math.sqrt((1.0 - self.contention) / self.coherence)

    def throughput_at(self, concurrency: ArrayLike) -> Numbers:
        """Return the law's throughput in requests per second, in the shape of `concurrency`."""
        return self.alone_rps * _shape(np.asarray(concurrency, dtype=np.float64), self.contention, self.coherence)

    def sentence(self) -> str:
        """Tell it to a newcomer."""
        if math.isnan(self.alone_rps):
            return f"{len(set(self.concurrency))} values in flight do not carry the law: it takes {_FEWEST}."
        told = (
            f"One in flight gives {three(self.alone_rps)} requests/s; {three(100 * self.contention)} % of the work "
            f"does not overlap, and each pair in flight costs {three(100 * self.coherence)} %"
        )
        seen = max(self.concurrency)
        if math.isnan(self.peak):
            return f"{told}: throughput rises with all that was measured (up to {seen:g} in flight)."
        beyond = " (beyond what was measured)" if self.peak > seen else ""
        return f"{told}: throughput is highest with about {three(self.peak)} in flight{beyond}."


def scalability(run: Run | pd.DataFrame) -> tuple[Scalability, ...]:
    """Fit the Universal Scalability Law: how throughput grows with concurrency, and where more in flight gives less.

    Parameters
    ----------
    run
        A Run or its points, with several values of ``concurrency``.

    Returns
    -------
    tuple of Scalability
        One for each group of rows that differ in their concurrency only. With fewer than four values nothing is fitted.

    Raises
    ------
    TypeError, ValueError
        When `run` is no Run and no frame, or lacks ``concurrency`` or ``throughput_rps``.

    Notes
    -----
    The law and its source: `tradeoff.serving.scalability`.
    """
    points = run.points if isinstance(run, Run) else run
    if not isinstance(points, pd.DataFrame):
        raise TypeError(f"run={type(run).__name__}: pass a Run or its points")
    for name in ("concurrency", "throughput_rps"):
        if name not in points:
            raise ValueError(f"the points have no column {name!r}")
    rows = points[points["concurrency"].notna() & (points["throughput_rps"] > 0).fillna(False)]
    if "status" in rows:
        rows = rows[~rows["status"].isin(UNUSABLE)]
    names = [name for name in IDENTITY_COLUMNS if name in rows and name != "concurrency"]
    parts: Iterable[tuple[Hashable, pd.DataFrame]] = [((), rows)] if len(rows) else []
    if names and len(rows):
        parts = rows.groupby(names, dropna=False, sort=True, observed=True)
    return tuple(_fitted(key, names, part.sort_values("concurrency", kind="stable")) for key, part in parts)


def fit_law(concurrency: Numbers, throughput: Numbers) -> tuple[float, float, float]:
    """Return g, s and k of the least squares.

    Parameters
    ----------
    concurrency, throughput
        Four different concurrencies or more, and positive throughputs.
    """
    n = concurrency
    unit = throughput.max()
    x = throughput / unit
    linear = np.column_stack([np.ones(len(n)), n - 1, n * (n - 1)])
    found, *_ = np.linalg.lstsq(linear * x[:, None] / n[:, None], np.ones(len(n)), rcond=None)
    at = np.array([1.0 / found[0], found[1] / found[0], found[2] / found[0]])
    squares = _squares(at, n, x)
    for _ in range(_ROUNDS):
        shape = _shape(n, at[1], at[2])
        slope = np.column_stack([shape, -at[0] * shape**2 * (n - 1) / n, -at[0] * shape**2 * (n - 1)])
        step, *_ = np.linalg.lstsq(slope, x - at[0] * shape, rcond=None)
        part = 1.0
        while part > 1e-6 and not (closer := _squares(at + part * step, n, x)) <= squares:
            part /= 2
        if part <= 1e-6:
            break
        at, before, squares = at + part * step, squares, closer
        if before - squares <= 1e-15 * before:
            break
    return float(at[0] * unit), float(at[1]), float(at[2])


def _shape(n: Numbers, s: float, k: float) -> Numbers:
    with np.errstate(divide="ignore"):
        return np.asarray(n / (1.0 + s * (n - 1.0) + k * n * (n - 1.0)))


def _squares(at: Numbers, n: Numbers, x: Numbers) -> float:
    return float(np.sum((x - at[0] * _shape(n, at[1], at[2])) ** 2))


def _fitted(key: Hashable, names: list[str], rows: pd.DataFrame) -> Scalability:
    values = key if isinstance(key, tuple) else (key,)
    group = {name: value for name, value in zip(names, values, strict=True) if pd.notna(value)}
    n, x = (rows[name].to_numpy(dtype="float64") for name in ("concurrency", "throughput_rps"))
    found = Scalability(group, tuple(n.tolist()), tuple(x.tolist()))
    if len(np.unique(n)) < _FEWEST:
        return found
    g, s, k = fit_law(n, x)
    left = 1.0 - g * _shape(n, s, k) / x
    return Scalability(group, found.concurrency, found.throughput_rps, g, s, k, 100 * float(np.sqrt(np.mean(left**2))))
