"""Where the time of the calls around a percentile went."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tradeoff.frames.columns import STAGES
from tradeoff.stats.quantiles import rank_of

_NEIGHBOURHOOD = 0.0025
"""Ranks taken on either side, as a share of n: the calls of one rank alone would be an anecdote."""

_AROUND = {"p50": 0.50, "p99": 0.99}


def breakdown(
    samples: Mapping[str, NDArray],  # type: ignore[type-arg]
    latency_ms: Mapping[str, float],
) -> dict[str, float]:
    """Stages of all calls, and of the calls around p50 and p99, adding up to the latency there.

    Parameters
    ----------
    samples
        Measured calls: ``latency_ns`` and a ``<stage>_ns`` for each stage.
    latency_ms
        ``"mean"``, ``"p50"`` and ``"p99"``: what the stages have to add up to.

    Returns
    -------
    dict of str to float
        ``at_{mean,p50,p99}_{stage}_ms``. The mean of the neighbourhood is scaled to the latency of the percentile
        itself, and ``overhead`` is what the other stages leave, so that the sum is exact. NaN where that latency is.
    """
    latency = np.asarray(samples["latency_ns"])
    n = latency.shape[0]
    found: dict[str, float] = {}
    order = np.argsort(latency, kind="stable")
    for where in ("mean", "p50", "p99"):
        total = latency_ms[where]
        if n == 0 or not math.isfinite(total):
            found.update({f"at_{where}_{stage}_ms": math.nan for stage in STAGES})
            continue
        if where == "mean":
            chosen = order
        else:
            rank, reach = rank_of(n, _AROUND[where]), max(1, math.floor(n * _NEIGHBOURHOOD))
            chosen = order[max(0, rank - 1 - reach) : rank + reach]
        whole = float(latency[chosen].mean())
        scale = total / whole if whole else 0.0
        stages = {stage: float(np.mean(samples[f"{stage}_ns"][chosen])) * scale for stage in STAGES[:-1]}
        stages["overhead"] = total - sum(stages.values())
        if abs(stages["overhead"]) < 1e-9 * total:  # rounding, not a finding
            stages["overhead"] = 0.0
        found.update({f"at_{where}_{stage}_ms": value for stage, value in stages.items()})
    return found
