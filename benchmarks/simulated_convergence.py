"""Whether a simulated p99 is as good as its row says: what `converged` and a 95 % interval promise, against the truth.

M/M/1 has its p99 in closed form, up to 99 % load. Other systems have none: a long recursion of its own, which shares
no code with the package, stands in (bursts of a load with two states, gamma bursts, heavy tails, batches that wait,
several workers, two kinds of requests), or much longer runs of the package (closed loops, queue limits). Of rows that
say ``converged`` the p99 must stray from the truth by 2.5 % at most (root of the mean square, allowing for the noise of
the check at one chance in a hundred); the intervals of those and of ``budget`` must hold it in at least 90 % of the
rows, allowing for the same; none may be ``saturated``. What a row costs is printed beside.

``python benchmarks/simulated_convergence.py [rows] [part of a name] …`` takes some minutes; two processes share it.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from statistics import NormalDist
from typing import Any

import numba
import numpy as np

import tradeoff

ROWS = 20
PROCESSES = 2
WANTED_ERROR, WANTED_COVERAGE = 0.025, 0.90
SURE = NormalDist().inv_cdf(0.99)
LONG = 40_000_000


BURSTS = (
    ((100, 1600), (5, 5)), ((200, 1500), (1, 2)), ((400, 1200), (20, 20)), ((50, 3000), (2, 0.2)),
    ((300, 2000), (0.5, 0.2)), ((50, 500, 2500), (1, 1, 0.2)),
)  # fmt: skip


def exponential(size: int, rng: np.random.Generator, n: int) -> np.ndarray:
    del size
    return rng.standard_exponential(n)


def line(size: int) -> float:
    return 2.0 + 0.5 * size


def constant(size: int) -> float:
    return float(size)


def two_kinds(size: int, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return hyperexponential times with a mean of 1 and a squared coefficient of variation of 10, of equal shares."""
    del size
    many = 0.5 * (1.0 + math.sqrt(9.0 / 11.0))
    return rng.standard_exponential(n) * np.where(rng.random(n) < many, 0.5 / many, 0.5 / (1.0 - many))


def ones(size: int, rng: np.random.Generator, n: int) -> np.ndarray:
    del size, rng
    return np.ones(n)


def heavy(size: int, rng: np.random.Generator, n: int) -> np.ndarray:
    del size
    return 0.6 * (1.0 + rng.pareto(3.5, n)) / 1.4


@numba.njit(cache=False)
def recursion(arrivals, services, fixed, marginal, size, wait, workers):
    """Serve batches, first come first served, each by the worker that is free first; return latencies."""
    n = len(arrivals)
    free, latency = np.zeros(workers), np.empty(n)
    head, batch = 0, 0
    while head < n:
        worker = np.argmin(free)
        leaves = arrivals[head] + wait
        if wait > 0.0 and head + size <= n:
            leaves = min(leaves, arrivals[head + size - 1])
        begins = max(free[worker], leaves)
        taken = 1
        while taken < size and head + taken < n and arrivals[head + taken] <= begins:
            taken += 1
        ends = begins + (services[batch] if len(services) else fixed + marginal * taken)
        for request in range(head, head + taken):
            latency[request] = ends - arrivals[request]
        free[worker] = ends
        head += taken
        batch += 1
    return latency


def long_p99(arrivals: Callable[[np.random.Generator], np.ndarray], services: Any = None, *, size: int = 1,
             wait: float = 0.0, workers: int = 1, runs: int = 3) -> float:  # fmt: skip
    """Return the p99 of some hundred million requests, after a fiftieth of each run."""
    found = []
    for seed in range(runs):
        rng = np.random.default_rng(1000 + seed)
        came = arrivals(rng)
        took = services(1, rng, len(came)) if services else np.empty(0)
        found.append(np.quantile(recursion(came, took, 2.0, 0.5, size, wait, workers)[len(came) // 50 :], 0.99))
    return float(np.mean(found))


def of_load(load: Any, rate: float | None = None) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: load.arrivals_ms(LONG, rng) * (1.0 if rate is None else 1e3 / rate)


def poisson(rate: float) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: np.cumsum(rng.standard_exponential(LONG)) * 1e3 / rate


def much_longer(service: Any, asked: dict[str, Any]) -> float:
    row = tradeoff.simulate(service, **asked, n_requests=4_000_000, replications=5, seed=10**6).points.iloc[0]
    return float(row["latency_p99_ms"])


def systems() -> Iterator[tuple[str, Callable[[], float], Any, dict[str, Any]]]:
    """Yield name, true p99, service and arguments of each."""
    for load in (0.8, 0.9, 0.95, 0.99):
        asked: dict[str, Any] = {"max_batch_size": 1, "request_rate": 1e3 * load}
        yield f"M/M/1 at {100 * load:.0f} %", partial(exact_p99, load), exponential, asked
    for rates, dwell in BURSTS:
        bursts = tradeoff.MMPP(rates, dwell)
        asked = {"max_batch_size": 8, "load": bursts, "replications": 5}
        name = f"{', '.join(map(str, rates))} /s for {', '.join(f'{one:g}' for one in dwell)} s"
        yield name, partial(long_p99, of_load(bursts), size=8), line, asked
    gamma = tradeoff.Gamma(0.1)
    asked = {"max_batch_size": 8, "load": gamma, "request_rate": 900, "max_wait_ms": 4}
    yield "gamma, cv 3.2, batches wait", partial(long_p99, of_load(gamma, 900), size=8, wait=4.0), line, asked
    gamma = tradeoff.Gamma(0.25)
    asked = {"max_batch_size": 8, "load": gamma, "request_rate": 1200}
    yield "gamma, cv 2, at 90 %", partial(long_p99, of_load(gamma, 1200), size=8), line, asked
    asked = {"max_batch_size": 16, "request_rate": 1500, "max_wait_ms": 5}
    yield "Poisson, batches wait", partial(long_p99, poisson(1500), size=16, wait=5.0), line, asked
    asked = {"max_batch_size": 1, "request_rate": 1e3 * 0.9 / 0.6}
    yield "heavy tail at 90 %", partial(long_p99, poisson(1e3 * 0.9 / 0.6), heavy), heavy, asked
    asked = {"max_batch_size": 1, "request_rate": 900}
    yield "M/D/1 at 90 %", partial(long_p99, poisson(900), ones), constant, asked
    asked = {"max_batch_size": 1, "request_rate": 800}
    yield "two kinds, cv 3.2, at 80 %", partial(long_p99, poisson(800), two_kinds), two_kinds, asked
    asked = {"max_batch_size": 1, "request_rate": 3600, "workers": 4}
    yield "M/M/4 at 90 %", partial(long_p99, poisson(3600), exponential, workers=4), exponential, asked
    asked = {"max_batch_size": 8, "concurrency": 60, "think_ms": 40, "think": "exponential"}
    yield "60 clients who think", partial(much_longer, line, asked), line, asked
    asked = {"max_batch_size": 1, "concurrency": 50, "think_ms": 50, "think": "exponential"}
    yield "50 clients, near the knee", partial(much_longer, exponential, asked), exponential, asked
    asked = {"max_batch_size": 1, "request_rate": 980, "queue_limit": 60}
    yield "60 places, 98 % offered", partial(much_longer, exponential, asked), exponential, asked


def exact_p99(load: float) -> float:
    return math.log(100) / (1.0 - load)


def checked(name: str, p99: Callable[[], float], service: Any, asked: dict[str, Any], rows: int) -> bool:
    truth = p99()
    start = time.process_time()
    seen = [tradeoff.simulate(service, **asked, seed=seed).points.iloc[0] for seed in range(rows)]
    took = (time.process_time() - start) / rows
    strays = np.array([row["latency_p99_ms"] / truth - 1.0 for row in seen])
    said = np.array([row["status"] for row in seen])
    covered = np.mean([row["latency_p99_ms_lo"] <= truth <= row["latency_p99_ms_hi"] for row in seen])
    fine = strays[said == "converged"]
    error = float(np.sqrt(np.mean(fine**2))) if len(fine) else 0.0
    # A root mean square of k normal numbers has a relative standard error of 1 / sqrt(2 k).
    most = WANTED_ERROR * (1.0 + SURE / math.sqrt(2.0 * max(1, len(fine))))
    least = WANTED_COVERAGE - SURE * math.sqrt(WANTED_COVERAGE * (1.0 - WANTED_COVERAGE) / rows)
    reached = error <= most and covered >= least and not (said == "saturated").any()
    strayed = f"{100 * error:4.1f} %" if len(fine) else "     -"
    print(
        f"{name:36} {len(fine):3} of {rows} converged, stray {strayed}; "
        f"all stray {100 * np.sqrt(np.mean(strays**2)):4.1f} %, intervals "
        f"hold it in {100 * covered:3.0f} %; {np.mean([row['n'] for row in seen]):10.3g} requests, "
        f"{took:5.2f} s   {'reached' if reached else 'MISSED'}",
        flush=True,
    )
    return reached


def checked_at(place: int, rows: int) -> bool:
    return checked(*list(systems())[place], rows)


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    asked = sys.argv[2:] or [""]
    places = [at for at, (name, *_) in enumerate(systems()) if any(part in name for part in asked)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        reached = list(pool.map(checked_at, places, [rows] * len(places)))
    return 0 if reached and all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
