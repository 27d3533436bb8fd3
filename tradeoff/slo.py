"""Service level objectives of a request: which share of the requests met them (SLO attainment), and how many a second.

A service level objective (SLO) is one limit or several on what a single request sees: ``ttft <= 200 ms and tpot <= 30
ms``. A request met it when it was answered within every limit; one that failed, timed out or was turned away did not.

- **SLO attainment**: requests that met it, divided by all that came in the window of the row.
- **Goodput**: requests a second that met it (Zhong et al., *DistServe: disaggregating prefill and decoding for
  goodput-optimized large language model serving*, OSDI 2024).

For each request there is one number, the largest of its times over their limits: it met the objective where that is 1
or less. So attainment is a share of a series, and its interval that of `tradeoff.stats.share`, dependence included.
The interval of goodput multiplies the ends of attainment and of the rate at which requests came.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import ArgumentError, shown
from tradeoff.frames import Run, without_steps
from tradeoff.frames.numbers import number_in
from tradeoff.stats.share import share_at_most
from tradeoff.stats.student import t_quantile

EXAMPLE = "ttft <= 200 ms and tpot <= 30 ms"

Numbers = NDArray[np.float64]
Interval = tuple[float, float, float]
"""A value and the ends of its interval."""

UNKNOWN: Interval = (math.nan, math.nan, math.nan)

_UNITS_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3}

_LIMIT = re.compile(
    r"\s*(?P<metric>[A-Za-z_][\w ]*?)\s*(?P<compare><=|<|≤|under\b|below\b)\s*(?P<number>[+\d.][\w.+-]*?)\s*"
    r"(?P<unit>ns|us|µs|μs|ms|s)?\s*\Z"
)


def _ns(name: str) -> Callable[[pd.DataFrame], Numbers]:
    return lambda samples: _column(samples, f"{name}_ns") / 1e6


def _column(samples: pd.DataFrame, name: str) -> Numbers:
    if name not in samples:
        return np.full(len(samples), np.nan)
    return samples[name].to_numpy(dtype="float64", na_value=np.nan)


def _ttft(samples: pd.DataFrame) -> Numbers:
    return (_column(samples, "first_token_ns") - _column(samples, "scheduled_ns")) / 1e6


def _tpot(samples: pd.DataFrame) -> Numbers:
    """Return the time per token after the first; an answer of one token has none, and is within every limit."""
    output = _column(samples, "output_tokens")
    taken = (_column(samples, "done_ns") - _column(samples, "first_token_ns")) / 1e6
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(output == 1, 0.0, taken / (output - 1))


METRICS: Mapping[str, Callable[[pd.DataFrame], Numbers]] = MappingProxyType(
    {
        "latency": _ns("latency"),
        "ttft": _ttft,
        "tpot": _tpot,
        "queue_wait": _ns("queue_wait"),
        "batch_wait": _ns("batch_wait"),
        "model": _ns("model"),
    }
)
"""What a request can be held to, and how it is read from ``samples``, in ms."""

_ALIASES = {"e2e": "latency", "e2e_latency": "latency", "total_latency": "latency", "model_latency": "model"}


class SLOError(ArgumentError):
    """An SLO cannot be read, or a Run cannot be held to it."""


@dataclass(frozen=True)
class SLO:
    """Limits on what a single request sees.

    Attributes
    ----------
    limits_ms
        Metric and limit in ms, in the order in which they were given; each metric once.
    """

    limits_ms: tuple[tuple[str, float], ...]

    @classmethod
    def parse(cls, text: str | SLO) -> SLO:
        """Read an SLO: one limit, or several joined by ``and``.

        Parameters
        ----------
        text
            ``"latency <= 20 ms"``, ``"ttft <= 200 ms and tpot <= 30 ms"``; ``<`` is read as ``<=``. Metrics: latency,
            ttft, tpot, queue_wait, batch_wait, model. Units: ns, us, ms, s.

        Raises
        ------
        SLOError
            When it cannot be read.

        Examples
        --------
        >>> str(SLO.parse("ttft < 0.2 s and tpot <= 30ms"))
        'ttft <= 200 ms and tpot <= 30 ms'
        """
        if isinstance(text, SLO):
            return text
        if not isinstance(text, str) or not text.strip():
            raise SLOError(f"slo must be limits on a request, such as {EXAMPLE!r}; got {shown(text)}")
        limits: dict[str, float] = {}
        for part in re.split(r"\s+and\s+|\s*&&\s*|\s*,\s*", text.strip(), flags=re.IGNORECASE):
            metric, limit = _limit(part, text)
            if metric in limits:
                raise SLOError(f"slo {shown(text)} limits {metric} twice: give one limit for each metric")
            limits[metric] = limit
        return cls(tuple(limits.items()))

    def __str__(self) -> str:
        return " and ".join(f"{metric} <= {limit:.6g} ms" for metric, limit in self.limits_ms)

    def margins(self, samples: pd.DataFrame) -> Numbers:
        """Return for each request the largest of its times over their limits; infinite where there was no answer.

        Raises
        ------
        SLOError
            When an answered request has no such time.
        """
        answered = np.ones(len(samples), dtype=np.bool_)
        if "status" in samples:
            answered = (samples["status"] == "ok").to_numpy(dtype=bool, na_value=False)
        margins = np.zeros(len(samples))
        for metric, limit in self.limits_ms:
            values = METRICS[metric](samples)
            if np.isnan(values[answered]).any():
                raise SLOError(f"slo '{self}': requests of this Run have no {metric}")
            margins = np.fmax(margins, values / limit)
        return np.where(answered, margins, math.inf)


def _limit(part: str, text: str) -> tuple[str, float]:
    found = _LIMIT.match(part)
    if found is None:
        raise SLOError(f"slo {shown(text)}: cannot read {shown(part)}; write limits such as {EXAMPLE!r}")
    spelled = "_".join(found["metric"].lower().split())
    metric = _ALIASES.get(spelled, spelled)
    if metric not in METRICS:
        raise SLOError(
            f"slo {shown(text)}: {shown(found['metric'])} is nothing that a single request has; use one of "
            f"{', '.join(METRICS)} (a percentile belongs into an objective: 'minimize p99')"
        )
    if found["unit"] is None:
        raise SLOError(f"slo {shown(text)}: the limit on {metric} needs a unit: ns, us, ms or s")
    try:
        limit = float(found["number"]) * _UNITS_MS[found["unit"]]
    except ValueError:
        limit = math.nan
    if not 0.0 < limit < math.inf:
        raise SLOError(f"slo {shown(text)}: the limit on {metric} must be a time above 0, not {shown(found['number'])}")
    return metric, limit


def with_slo(run: Run, slo: str | SLO) -> Run:
    """Hold every request of a Run to a service level objective: SLO attainment and goodput become columns.

    Parameters
    ----------
    run
        A Run with its samples.
    slo
        Limits on what a single request sees, as text (see `SLO.parse`) or an `SLO`.

    Returns
    -------
    Run
        The same Run, whose points have the columns ``slo`` (the text), ``attainment`` (a share, 0 to 1) and
        ``goodput_rps`` (requests a second that met it), both with their 95 % intervals. They can be used in objectives,
        on axes and in claims: ``"maximize goodput subject to attainment >= 99 %"``. Of a queue that grows without end,
        and of points without samples, they are missing.

    Raises
    ------
    SLOError
        When the text cannot be read, the Run has no samples, or its requests have no such times.
    TypeError
        When `run` is no Run.

    Notes
    -----
    Requests that failed, timed out or were rejected in the window did not meet it. Closed loops included, the window is
    that of the row.

    Examples
    --------
    >>> import tradeoff
    >>> run = tradeoff.simulate(
    ...     lambda size: 4.0 + size, max_batch_size=[1, 8], request_rate=100, n_requests=2000, keep_samples=True
    ... )
    >>> judged = tradeoff.with_slo(run, "latency <= 20 ms")
    >>> judged.points["attainment"].round(2).tolist()
    [1.0, 1.0]
    """
    if not isinstance(run, Run):
        raise TypeError(f"run must be a Run; got {type(run).__name__}")
    asked = SLO.parse(slo)
    samples = run.samples
    if not len(samples):
        raise SLOError(
            f"slo '{asked}': this Run has no samples, so that no request can be held to it; keep them "
            "(keep_samples=True), or pass slo= to simulate"
        )
    requests = without_steps(samples)
    measured = requests[requests["phase"] == "measure"] if "phase" in requests else requests
    groups = dict(iter(measured.groupby("point_id", sort=False, observed=True)))
    rows = []
    for _, point in run.points.iterrows():
        own = groups.get(point["point_id"])
        rows.append(
            columns_of(asked) if own is None or point.get("status") == "saturated" else _judged(point, own, asked)
        )
    points = run.points.copy()
    for name in columns_of(asked):
        points[name] = [row[name] for row in rows]
    return Run(points, samples, run.environment)


def columns_of(slo: SLO, share: Interval = UNKNOWN, asked_rps: Interval = UNKNOWN) -> dict[str, Any]:
    """Return the columns of a row.

    Parameters
    ----------
    slo
        The objective.
    share
        Attainment, and the ends of its interval.
    asked_rps
        Requests that came a second, and the ends of its interval.
    """
    row: dict[str, Any] = {"slo": str(slo)}
    for end, part, rate in zip(("", "_lo", "_hi"), share, asked_rps, strict=True):
        row |= {f"attainment{end}": part, f"goodput_rps{end}": part * rate}
    return row


def asked_of(row: Mapping[str, Any] | pd.Series) -> Interval:
    """Return the rate at which requests came, those without an answer among them, with its interval."""
    n, lost = number_in(row, "n"), sum(number_in(row, name, 0.0) for name in ("n_errors", "n_rejected"))
    if not n > 0:
        duration_s = number_in(row, "duration_s")
        rate = lost / duration_s if duration_s > 0 else math.nan
        return rate, math.nan, math.nan
    rates = [number_in(row, f"throughput_rps{end}") * (n + lost) / n for end in ("", "_lo", "_hi")]
    return rates[0], rates[1], rates[2]


def share_of_replications(shares: Numbers, n: Numbers) -> Interval:
    """Return the share of all requests of independent replications, with Student's interval; one has none."""
    whole = float(shares @ n / n.sum()) if n.sum() > 0 else math.nan
    if len(shares) < 2 or math.isnan(whole):
        return whole, math.nan, math.nan
    half = t_quantile(0.975, len(shares) - 1) * float(shares.std(ddof=1)) / math.sqrt(len(shares))
    return whole, max(0.0, whole - half), min(1.0, whole + half)


def _judged(point: pd.Series, samples: pd.DataFrame, slo: SLO) -> dict[str, Any]:
    series = [name for name in ("replicate", "visit") if name in samples and samples[name].notna().any()]
    samples = samples.sort_values([*series, "seq"] if "seq" in samples else series, kind="stable")
    starts = np.flatnonzero(samples[series].ne(samples[series].shift()).any(axis=1)).tolist() if series else []
    found = share_at_most(slo.margins(samples), 1.0, visits=starts)
    return columns_of(slo, (found.value, found.lo, found.hi), asked_of(point))
