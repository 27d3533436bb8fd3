"""How long a queue and its load remember: what a simulation's length is measured by.

A queue that is served near capacity forgets slowly. With arrivals of rate a and index of dispersion I, and batches that
complete requests at rate c with a variance of v per request, the queue is a Brownian motion with drift c - a that is
reflected at zero, and forgets with the time

    2 (a I + c v) / (c - a)**2

(the gap of its spectrum; for M/M/1 it is 1 / (sqrt(mu) - sqrt(lambda))**2 to within a per cent from 80 % load on; see
Whitt, *Planning queueing simulations*, Management Science 35 (11), 1989). A load has a memory of its own: a cycle of
its states, where it has states.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tradeoff.serving.loads import MMPP, AllAtOnce, Constant, Gamma, Load, Poisson
from tradeoff.serving.systems import System

_PROBED = 2**19
"""Arrivals from which the dispersion of a load that is not known is read."""

_BLOCKS = 64
"""Equal parts of them, at least, that a dispersion is read from."""

_CLIENTS = 2.0
"""Rounds of a closed loop, of as many requests as there are clients, after which what was is forgotten."""


class Dispersion(NamedTuple):
    """How unevenly a load comes in the long run: 1 for Poisson.

    Attributes
    ----------
    of_counts
        Variance of the number that comes in a long time, over its mean.
    memory
        Requests after which that is so.
    """

    of_counts: float
    memory: float


def memory_of(system: System, capacity_rps: float, cv: float) -> float:
    """Return after how many requests what was is forgotten; infinite where that is never so.

    Parameters
    ----------
    system
        The policy, and who asks.
    capacity_rps
        Requests a second that full batches serve.
    cv
        Standard deviation of a full batch's time over its mean.
    """
    policy = system.policy
    if system.load is None:
        return _CLIENTS * system.clients
    dispersion = dispersion_of(system.load)
    rate = system.request_rate_rps
    if not math.isfinite(rate) or not math.isfinite(capacity_rps):
        return dispersion.memory
    variance = rate * dispersion.of_counts + capacity_rps * policy.max_batch_size * cv**2
    away = abs(capacity_rps - rate)
    relaxes_s = 2.0 * variance / away**2 if away > 0 else math.inf
    if policy.queue_limit is not None:
        places = policy.queue_limit + policy.workers * policy.max_batch_size
        relaxes_s = min(relaxes_s, 2.0 * places**2 / (math.pi**2 * variance)) if variance > 0 else relaxes_s
    return max(dispersion.memory, rate * relaxes_s, float(policy.max_batch_size * policy.workers))


def dispersion_of(load: Load) -> Dispersion:
    """Return the dispersion of a load: known for the loads of this package, read from a long stream for others."""
    if isinstance(load, Poisson):
        return Dispersion(1.0, 1.0)
    if isinstance(load, Constant | AllAtOnce):
        return Dispersion(0.0, 1.0)
    if isinstance(load, Gamma):
        return Dispersion(1.0 / load.shape, max(1.0, 1.0 / load.shape))
    if isinstance(load, MMPP):
        return _of_states(load)
    return _probed(load)


def _of_states(load: MMPP) -> Dispersion:
    """Return it from the deviation matrix of the states' Markov chain; what is remembered are cycles through them."""
    rates, dwell = np.array(load.rates), np.array(load.dwell_s)
    k = len(rates)
    generator = (1.0 / dwell)[:, None] * (np.ones((k, k)) / (k - 1))
    np.fill_diagonal(generator, -1.0 / dwell)
    share = dwell / dwell.sum()
    every = np.tile(share, (k, 1))
    deviation = np.linalg.inv(every - generator) - every
    mean = float(share @ rates)
    extra = float((share * rates) @ deviation @ rates)
    return Dispersion(1.0 + 2.0 * extra / mean, mean * float(dwell.sum()))


def _probed(load: Load) -> Dispersion:
    """Read it from distances in blocks that grow: where the variance of their sums no longer does, it is forgotten."""
    gaps = np.diff(np.asarray(load.arrivals_ms(_PROBED, np.random.default_rng(0)), dtype=np.float64))
    mean = float(gaps.mean())
    if not mean > 0:
        return Dispersion(0.0, 1.0)
    sizes, found = [], []
    size = 1
    while _PROBED // size >= _BLOCKS:
        sums = gaps[: len(gaps) // size * size].reshape(-1, size).sum(axis=1)
        sizes.append(size)
        found.append(float(sums.var()) / (size * mean**2))
        size *= 2
    index = max(found)
    # Within a quarter of the largest one: so much is noise with the few blocks of the largest size.
    settled = next(size for size, value in zip(sizes, found, strict=True) if value >= 0.75 * index)
    return Dispersion(index, float(settled))
