"""Simulated Runs whose tail has one cause that was planted, or none: systems drawn at random, no two alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import tradeoff
from tradeoff.frames import Run

CAUSES = ("wait limit", "queue", "spikes", "host pauses", "mixed batch sizes")


@dataclass(frozen=True)
class Service:
    """What a batch takes: a fixed time and one for each request, spread log-normally, and rarely many times as long."""

    fixed_ms: float
    request_ms: float
    spread: float = 0.0
    rare: float = 0.0
    factor: float = 1.0

    def __call__(self, size, rng, n):
        times = (self.fixed_ms + self.request_ms * size) * rng.lognormal(0.0, self.spread, n)
        return np.where(rng.random(n) < self.rare, self.factor * times, times)

    def most_rps(self, size, workers=1):
        """Return what full batches serve, slow ones among them."""
        mean = 1.0 + self.rare * (self.factor - 1.0)
        return 1e3 * size * workers / (mean * (self.fixed_ms + self.request_ms * size))


def service(rng, **more) -> Service:
    fixed_ms = rng.uniform(1, 10)
    return Service(fixed_ms, fixed_ms * rng.uniform(0.02, 0.3), float(rng.choice([0.0, 0.05, 0.1, 0.2])), **more)


def simulate(times, seed, n, **asked) -> Run:
    return tradeoff.simulate(times, n_requests=n, seed=seed, keep_samples=True, **asked)


def wait_limit(rng, seed, n) -> Run:
    """A limit of several times what a batch takes, in which a few requests come, fewer than a batch holds."""
    times = Service(rng.uniform(1, 10), rng.uniform(0.02, 0.5), float(rng.choice([0.0, 0.05, 0.1])))
    size, limit_ms = int(rng.choice([4, 8, 16, 32])), times.fixed_ms * rng.uniform(4, 20)
    rate = 1e3 * rng.uniform(1.5, 0.7 * size) / limit_ms
    return simulate(times, seed, n, max_batch_size=size, max_wait_ms=limit_ms, request_rate=rate)


def queue(rng, seed, n) -> Run:
    """Nearly as many requests as can be served, or now and then twice as many for a while."""
    times, size, workers = service(rng), int(rng.choice([1, 2, 4, 8])), int(rng.choice([1, 1, 2]))
    most = times.most_rps(size, workers)
    if rng.random() < 0.5:
        rate = rng.uniform(0.8, 0.95) * most
        return simulate(times, seed, n, max_batch_size=size, workers=workers, request_rate=rate)
    batch_s = size * workers / most
    bursts = tradeoff.MMPP([0.2 * most, 2.0 * most], [60 * batch_s, rng.uniform(4, 12) * batch_s])
    return simulate(times, seed, n, max_batch_size=size, workers=workers, load=bursts)


def spikes(rng, seed, n) -> Run:
    """A few of a hundred batches take many times as long; the load is light."""
    times = service(rng, rare=rng.uniform(0.01, 0.04), factor=rng.uniform(4, 20))
    size, workers = int(rng.choice([1, 4, 8])), int(rng.choice([1, 2]))
    rate = rng.uniform(0.1, 0.4) * times.most_rps(size, workers)
    return simulate(times, seed, n, max_batch_size=size, workers=workers, request_rate=rate)


def host_pauses(rng, seed, n) -> Run:
    """The worker stands still as with spikes, but the time is the host's, or a label says that the host paused."""
    times = service(rng, rare=rng.uniform(0.01, 0.04), factor=rng.uniform(4, 20))
    size = int(rng.choice([1, 4, 8]))
    run = simulate(times, seed, n, max_batch_size=size, request_rate=rng.uniform(0.1, 0.4) * times.most_rps(size))
    samples = run.samples.copy()
    usual_ms = times.fixed_ms + times.request_ms * samples["batch_size"].astype("float64")
    is_long = (samples["model_ns"].astype("float64") > 3e6 * usual_ms).to_numpy()
    if rng.random() < 0.3:
        samples["label"] = np.where(is_long, str(rng.choice(["gc", "preempted"])), None)
        return Run(run.points, samples)
    moved = np.where(is_long, samples["model_ns"].astype("float64") - 1e6 * usual_ms, 0.0).astype("int64")
    samples["model_ns"] -= moved
    samples[f"{rng.choice(['pre', 'post', 'overhead'])}_ns"] += moved
    return Run(run.points, samples)


def mixed_batch_sizes(rng, seed, n) -> Run:
    """Single requests far apart, and rarely a crowd that fills a large batch, which takes as much longer."""
    fixed_ms = rng.uniform(1, 4)
    times = Service(fixed_ms, fixed_ms * rng.uniform(0.3, 2), float(rng.choice([0.0, 0.05, 0.1])))
    size, rare = int(rng.choice([16, 32])), rng.uniform(0.004, 0.02)
    apart = (times.fixed_ms + times.request_ms) * rng.uniform(4, 10)
    gaps, crowds = rng.exponential(apart, n), rng.random(n) < rare
    counts = np.where(crowds, rng.integers(size // 2, size + 1, n), 1)
    came = np.repeat(np.cumsum(gaps), counts)[:n]
    came = np.sort(came + rng.uniform(0.0, 0.1 * fixed_ms, n)) if rng.random() < 0.5 else came
    return simulate(times, seed, n, max_batch_size=size, load=tradeoff.Trace(came / 1e3), max_wait_ms=0.2 * fixed_ms)


def nothing(rng, seed, n) -> Run:
    """A light load, a short limit, times that vary a little; or clients with time to think."""
    times, size, workers = service(rng), int(rng.choice([1, 4, 8, 16])), int(rng.choice([1, 1, 2]))
    asked = {"max_batch_size": size, "workers": workers, "max_wait_ms": float(rng.choice([0.0, 0.2])) * times.fixed_ms}
    if rng.random() < 0.3:
        asked |= {"think_ms": float(rng.choice([0.0, 1.0, 5.0])) * times.fixed_ms, "think": "exponential"}
        return simulate(times, seed, n, concurrency=int(rng.choice([1, 2, size, 2 * size])), **asked)
    share = rng.uniform(0.05, 0.3) if size == 1 else rng.uniform(0.05, 0.5)
    return simulate(times, seed, n, request_rate=share * times.most_rps(size, workers), **asked)


PLANTED = dict(zip(CAUSES, (wait_limit, queue, spikes, host_pauses, mixed_batch_sizes), strict=True))
"""Cause to what makes a Run that has it."""


def made(make, number, n=20_000) -> Run:
    """Return one of many Runs: the number decides about everything."""
    return make(np.random.default_rng([number, 11]), number, n)
