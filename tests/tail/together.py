"""Simulated Runs whose tail has several causes that were planted at once, each as strong as asked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

import tradeoff
from tests.tail.planted import CAUSES
from tradeoff.frames import Run

PAIRS = tuple(combinations(CAUSES, 2))
TRIPLES = tuple(combinations(CAUSES, 3))

_TOUCHED = 0.006
"""Share of the requests that each rare event is to hit: all of them fit into the hundredth beyond p99."""


def together(number: int, strength: Mapping[str, float], n: int = 20_000) -> Run:
    """Return a Run with causes planted.

    Parameters
    ----------
    number
        Decides about everything that is drawn; the same system without a cause has the same number.
    strength
        How much each cause is to add to the tail, in units that the number decides about (some ordinary batches).
    n
        Requests.
    """
    rng = np.random.default_rng([number, 23])
    fixed_ms, spread = rng.uniform(1, 10), float(rng.choice([0.0, 0.05, 0.1, 0.2]))
    planted = {name for name, much in strength.items() if much}
    limit, queue, mixed = (strength.get(name, 0.0) for name in ("wait limit", "queue", "mixed batch sizes"))
    unit_ms = fixed_ms * rng.uniform(*((3, 6) if {"wait limit", "queue"} <= planted else (6, 14)))
    crowd = int(rng.choice([8, 16]))
    size = crowd if mixed else int(rng.choice([1, 2, 4]))
    if limit:
        crowd = 24  # whoever comes by chance makes no batch that is nearly as large
        size = 32 if mixed else 3 if queue else 5  # a crowd does not fill a batch: it waits for the limit too
    request_ms = mixed * unit_ms / crowd if mixed else fixed_ms * rng.uniform(0.01, 0.03)
    limit_ms = 1.8 * limit * unit_ms
    apart_ms = (
        limit_ms / rng.uniform(1.0, 1.6 if size == 3 else 2.4)
        if limit
        else (fixed_ms + request_ms) * rng.uniform(2.5, 6)
    )
    load = rng.uniform(0.75, 0.87) if queue and not limit and not mixed and rng.random() < 0.5 else 0.0
    if load:
        apart_ms = (fixed_ms + request_ms * size) / size / load
    came = np.cumsum(rng.exponential(apart_ms, n))
    if mixed:
        came = _crowd(rng, came, crowd, _TOUCHED * n / crowd)
    if queue and not load:
        # So many at once that the last of them waits for twice what is asked.
        full_ms = fixed_ms + request_ms * size
        many = int(size * max(2.5, 1 + (1.6 * queue * unit_ms + 0.9 * limit_ms) / full_ms))
        came = _crowd(
            rng, came, many, max(3.0, 1.5 * _TOUCHED * n / many), over_ms=rng.choice([0.0, 0.4]) * many / size * full_ms
        )
    slow = [strength.get(name, 0.0) * unit_ms for name in ("spikes", "host pauses")]
    # Who comes while a batch is slow waits behind it, and the longer the less time the worker has to spare.
    usual = size if load else 1.0 + limit_ms / apart_ms
    rare = [_TOUCHED * usual / (usual + extra / apart_ms / (1.0 - load)) if extra else 0.0 for extra in slow]
    rare = [max(share, 5 * usual / n) if share else 0.0 for share in rare]

    def times(batch, random, count):
        kind = random.choice(3, count, p=[1 - sum(rare), *rare])
        long = random.uniform(0.7, 1.3, count) * np.array([0.0, *slow])[kind]
        usual = (fixed_ms + request_ms * batch) * np.clip(random.lognormal(0.0, spread, count), 0.5, 2.0)
        # The kind is written into the time's last digits: below a nanosecond's thousandth nothing of it is left.
        return np.round(usual + long, 4) + np.where(kind == 2, 3e-5, 0.0)

    run = tradeoff.simulate(
        times, n_requests=n, seed=number, keep_samples=True, max_batch_size=size, max_wait_ms=limit_ms,
        load=tradeoff.Trace(np.sort(came)[: n] / 1e3),
    )  # fmt: skip
    if not slow[1]:
        return run
    return _to_host(rng, run, fixed_ms + request_ms * run.samples["batch_size"].astype("float64"))


def _crowd(rng, came, many, times, over_ms=0.0):
    """Let many more come at once, now and then."""
    at = rng.uniform(came[0], came[-1] * 0.98, max(1, round(times)))
    more = (at[:, None] + rng.uniform(0.0, 1.0, (len(at), many)) * over_ms).ravel()
    return np.sort(np.concatenate([came[: len(came) - len(more)], more]))


def _to_host(rng, run, usual_ms):
    samples = run.samples.copy()
    model = samples["model_ns"].to_numpy()
    is_paused = model % 100 == 30
    if rng.random() < 0.3:
        samples["label"] = np.where(is_paused, str(rng.choice(["gc", "preempted"])), None)
        return Run(run.points, samples)
    moved = np.where(is_paused, np.maximum(0, model - 1e6 * usual_ms), 0).astype("int64")
    samples["model_ns"] -= moved
    samples[f"{rng.choice(['pre', 'post', 'overhead'])}_ns"] += moved
    return Run(run.points, samples)


def extra_ms(run: Run, q: float = 0.99) -> float:
    """Return what requests beyond a percentile take longer than those around the median."""
    latency = np.sort(run.samples.loc[run.samples["phase"] == "measure", "latency_ns"].to_numpy(dtype=float)) / 1e6
    n = len(latency)
    return float(latency[int(np.ceil(n * q)) :].mean() - latency[int(0.45 * n) : int(0.55 * n)].mean())
