"""The requests of one point, served again under the virtual clock with a change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tradeoff.serving.costs import Costs, MeasuredCosts
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import Point, Served, Shared
from tradeoff.serving.virtual.kernels import DISPATCH, DONE
from tradeoff.stats.quantiles import rank_of
from tradeoff.tail.batches import batches_of
from tradeoff.tail.changes import Change
from tradeoff.tail.requests import Numbers, requests_of

_MOST_REQUESTS = 50_000
"""Requests of a process that are served again: the error of a difference is far below that of the percentile."""

_ENOUGH = 30
"""Batches of a size, with as many under way, whose times can be drawn from."""

_THINKS = ("", "exponential think time")


class Seen(NamedTuple):
    """What was seen with a change: an entry a draw.

    Attributes
    ----------
    percentile_ms, throughput, busy
        The percentile; requests served a ms; the share of the time in which workers are busy.
    """

    percentile_ms: Numbers
    throughput: Numbers
    busy: Numbers


class _Arrivals(NamedTuple):
    """The requests of one process: when they came, and from which to which they count."""

    ms: Numbers
    first: int
    end: int


def why_not_again(point: pd.Series, samples: pd.DataFrame) -> str:
    """Say why the requests of a point cannot be served again; empty when they can."""
    closed = point.get("load") == "closed"
    needed = ("load", "batch_size", "max_wait_ms", "workers", "formation", *(("concurrency",) if closed else ()))
    if point.get("mode") != "serving" or any(value(point, name, None) is None for name in needed):
        return "No policy of batches is known here: what a change would do can be told where requests were served."
    if not _known(samples, "batch_id") or not _known(samples, "batch_size"):
        return "Its requests share no batches, they join and leave at every step: there is no wait limit to change."
    if closed and value(point, "load_detail", "") not in _THINKS:
        return "How long its clients think is known to a function alone: they cannot be asked again."
    if not any(True for _ in _arrivals(samples)):
        return "When its requests came is not known: they cannot come again."
    return ""


def policy_of(point: pd.Series) -> Policy:
    """Return the policy that a row of ``points`` declares.

    Raises
    ------
    ValueError
        When it declares one that cannot be.
    """
    limit = value(point, "queue_limit", None)
    return Policy(
        max_batch_size=int(point["batch_size"]),
        max_wait_ms=float(point["max_wait_ms"]),
        workers=int(point["workers"]),
        queue_limit=None if limit is None else int(limit),
        formation=point["formation"],
    )


def _known(samples: pd.DataFrame, name: str) -> bool:
    return name in samples and bool(samples[name].notna().any())


def value(point: pd.Series, name: str, otherwise: Any) -> Any:
    """Return a value of a point, or something else where it is missing."""
    found = point.get(name)
    return otherwise if found is None or pd.isna(found) else found


class Again:
    """Serves the requests of one point again.

    Parameters
    ----------
    point, samples
        The row of ``points``, and its rows of ``samples``.
    given
        What batches cost; the times of the point's own unless given.
    q
        Which percentile is asked for.
    draws, seed
        How often times are drawn.
    """

    def __init__(
        self, point: pd.Series, samples: pd.DataFrame, given: Costs | None, *, q: float, draws: int, seed: int
    ) -> None:
        self._point, self._given = point, given
        self._q, self._draws, self._seed = q, draws, seed
        self._network_ms = float(value(point, "network_ms", 0.0))
        self._arrivals = list(_arrivals(samples))
        self._requests = requests_of(samples)
        self._batches = batches_of(self._requests, network_ms=self._network_ms)
        self._clients = int(point["concurrency"]) if point["load"] == "closed" else 0
        # The host's work is in the times of the point's own batches; those that are given are of the device alone.
        self._host_ms = 0.0 if given is None else max(0.0, self._batches.host - self._network_ms)

    def why_not(self, change: Change) -> str:
        """Say why a change cannot be simulated; empty when it can."""
        size = change.policy.max_batch_size
        try:
            if self._clients:
                change.policy.check_clients(self._clients)
        except ValueError:
            return f"{change.name} would leave all clients waiting for a batch that never forms."
        if self._given is None:
            if size > int(self._point["batch_size"]) and size > float(np.nanmax(self._requests.size)):
                return f"{change.name} takes times of such batches: give them, as in what_if(service=run_of_a_sweep)."
            return ""
        try:
            self._given.check(size)
        except ValueError as error:
            return f"{change.name} cannot be told: {error}."
        return ""

    def is_saturated(self, change: Change) -> bool:
        """Say whether more requests come than full batches serve."""
        if self._clients or change.policy.queue_limit is not None:
            return False
        span = sum(float(one.ms[-1] - one.ms[0]) for one in self._arrivals)
        size, workers = change.policy.max_batch_size, change.policy.workers
        full_ms = self._costs(change).table(size, workers).mean_ms(size, workers) + self._host_ms
        return sum(len(one.ms) for one in self._arrivals) * full_ms > span * workers * size > 0

    def see(self, change: Change, *, inner: Any) -> Seen:
        """Serve all requests, draw by draw, with the same luck for every change.

        Parameters
        ----------
        change
            The change.
        inner
            The inner loops, as of `inner_loops`.
        """
        policy = change.policy
        table = self._costs(change).table(policy.max_batch_size, policy.workers)
        host = np.full((1, policy.max_batch_size + 1), self._host_ms)
        rows = []
        for draw in range(self._draws):
            came = self._arrivals[draw % len(self._arrivals)]
            n = len(came.ms)
            thinks, luck = (np.random.default_rng([self._seed, draw, what]) for what in (0, 2))
            unit, scale = came.ms, 1.0
            if self._clients:
                is_constant = not value(self._point, "load_detail", "")
                unit = np.ones(n) if is_constant else thinks.standard_exponential(n)
                scale = float(value(self._point, "think_ms", 0.0))
            again = Point(policy=policy, scale=scale, clients=self._clients, n=n, network_ms=self._network_ms)
            served = engine.serve(again, Shared(unit, luck.random(n), host, table), inner=inner)
            rows.append(self._seen(served, came, policy))
        return Seen(*(np.array(column) for column in zip(*rows, strict=True)))

    def inner_loops(self, changes: int) -> Any:
        """Return the loops to use for so many changes: compiled ones where that is worth the time."""
        return engine.loops(changes * self._draws * max(len(one.ms) for one in self._arrivals))

    def _costs(self, change: Change) -> Costs:
        if self._given is not None:
            return self._given
        batches, requests = self._batches, self._requests
        taken = batches.took - batches.slow * change.without_slow - batches.held_up * change.without_pauses
        first = np.zeros(len(taken), dtype=np.intp)
        first[requests.batch[::-1]] = np.arange(len(requests))[::-1]
        under_way = np.nan_to_num(requests.in_flight[first], nan=1.0)
        return _own_costs(requests.size[first], under_way, np.maximum(0.0, taken), change.policy)

    def _seen(self, served: Served, came: _Arrivals, policy: Policy) -> tuple[float, float, float]:
        done = np.repeat(served.batches[:, DONE], served.sizes)
        latency = done - served.arrivals + self._network_ms
        counts = (served.numbers >= came.first) & (served.numbers < came.end)
        mine = np.sort(latency[counts] if counts.any() else latency)
        busy = float((served.batches[:, DONE] - served.batches[:, DISPATCH]).sum())
        span = float(done.max() - served.arrivals.min()) if len(done) else math.nan
        return float(mine[rank_of(len(mine), self._q) - 1]), len(done) / span, busy / (span * policy.workers)


def _arrivals(samples: pd.DataFrame) -> Iterator[_Arrivals]:
    """Yield the requests of each process, in the order in which they came; the first of very many."""
    if not {"scheduled_ns", "phase"} <= set(samples):
        return
    process = samples["replicate"].fillna(0) if "replicate" in samples else np.zeros(len(samples))
    for _, rows in samples.groupby(process, sort=True):
        ordered = rows.sort_values("scheduled_ns", kind="stable").iloc[:_MOST_REQUESTS]
        came = ordered["scheduled_ns"].to_numpy(dtype="float64", na_value=np.nan) / 1e6
        measured = np.flatnonzero((ordered["phase"] == "measure").fillna(False).to_numpy(dtype=bool))
        if len(measured) and np.isfinite(came).all():
            yield _Arrivals(came - came[0], int(measured[0]), int(measured[-1]) + 1)


def _own_costs(size: Numbers, under_way: Numbers, taken: Numbers, policy: Policy) -> MeasuredCosts:
    """Return the times of a point's own batches, by how many were under way and by size.

    Numbers under way are told apart where there are batches enough of a size; a size that did not come costs what the
    next larger one that came costs, or the largest.
    """
    levels: dict[int, dict[int, Numbers]] = {}
    for level in range(1, policy.workers + 1):
        times: dict[int, Numbers] = {}
        for one in np.unique(size[~np.isnan(size)]):
            own = taken[(size == one) & (under_way == level)]
            times[int(one)] = own if len(own) >= _ENOUGH else taken[size == one]
        times.setdefault(policy.max_batch_size, times[max(times)])
        levels[level] = times
    return MeasuredCosts(levels, pad=True)
