"""The virtual clock against simpy and ciw: the same arrivals, the same costs, the same latencies, in one run.

The first lines are the call that people make, `tradeoff.simulate` of a trace of a million requests: arguments, costs,
percentiles of everything and the frame. The peer ends with the latency of every request; a fiftieth of them is timed,
as a request takes it as long in a longer run, and ours must have their mean and percentiles.

Run with ``pip install simpy ciw`` and ``python benchmarks/simulators.py``. In the other lines what is timed on either
side ends with the latency of every request, and the peer's are asserted to be ours within 1e-9 ms before times are
compared. Times are of the processor, on one thread but for the lines that say otherwise: what else the machine does
counts on neither side. A pair is ours, repeated for a twentieth of a second, and the peer, once; medians of pairs are
printed. What this process has loaded is kept from the collector of garbage: a peer pays for its own objects only, as in
a process of its own.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable

import numpy as np
from simulator_peers import closed_simpy, lean_simpy, usual_simpy, with_ciw

import tradeoff
from tradeoff.serving.costs import costs_of
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import compiled, engine, lockstep
from tradeoff.serving.virtual.grid import Point, Shared
from tradeoff.serving.virtual.kernels import DONE

ROUNDS = 5
AT_LEAST_S = 0.05
MOST_NS = 15.0


def cost(size: int) -> float:
    return 4.0 + size


def seconds(call: Callable[[], object], at_least: float = 0.0, clock: Callable[[], float] = time.process_time) -> float:
    """Return the time of a call: the mean of as many as `at_least` takes."""
    gc.collect()
    count, start = 0, clock()
    while not count or clock() - start < at_least:
        call()
        count += 1
    return (clock() - start) / count


def paired(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Medians of seconds, taken in turn."""
    pairs = [(seconds(ours, AT_LEAST_S), seconds(theirs)) for _ in range(ROUNDS)]
    return tuple(float(np.median(times)) for times in zip(*pairs, strict=True))  # type: ignore[return-value]


def same(ours: np.ndarray, theirs: list[float], name: str) -> None:
    """Check that two simulators saw the same."""
    assert len(ours) == len(theirs), f"{name}: {len(ours)} requests, {len(theirs)} there"
    apart = float(np.abs(ours - np.array(theirs)).max())
    assert apart <= 1e-9, f"{name}: latencies up to {apart} ms apart"


def told(name: str, ours_ns: float, theirs_ns: float, wanted: float | None) -> bool:
    ratio = theirs_ns / ours_ns
    reached = wanted is None or ratio >= wanted
    verdict = "no target" if wanted is None else f"wanted {wanted:4.0f}   {'reached' if reached else 'MISSED'}"
    print(f"{name:38} {ours_ns:8.1f} ns {theirs_ns:8.0f} ns   {ratio:6.0f} times   {verdict}")
    return reached


def compared(name: str, point: Point, shared: Shared, peer: Callable[[], list[float]], wanted: float) -> bool:
    """Compare one system, compiled, with a peer."""

    def ours() -> np.ndarray:
        return engine.latencies(point, shared, inner=compiled.compiled())

    same(ours(), peer(), name)
    ours_s, theirs_s = paired(ours, peer)
    return told(name, 1e9 * ours_s / point.n, 1e9 * theirs_s / point.n, wanted)


def half(size: int) -> float:
    return 4.0 + 0.5 * size


def called() -> list[bool]:
    """Time the public call: a trace of a million requests, whose batches wait up to 5 ms."""
    reached, n, part = [], 1_000_000, 20_000
    for size, rate, wanted in ((32, 1300.0, 300.0), (512, 1900.0, None)):
        times_s = np.cumsum(np.random.default_rng(1).exponential(1 / rate, n))
        asked = {"max_batch_size": size, "max_wait_ms": 5.0}
        some = tradeoff.Trace(times_s[:part])
        row = tradeoff.simulate(half, load=some, **asked).points.iloc[0]
        theirs = np.array(lean_simpy((some.times_s * 1e3).tolist(), size, half, 5.0))
        assert abs(row["latency_mean_ms"] - theirs.mean()) <= 1e-9 * theirs.mean(), "means differ"
        for name, p in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
            apart = abs(row[f"latency_{name}_ms"] - np.quantile(theirs, p, method="inverted_cdf"))
            assert apart <= 1e-9, f"{name}: {apart} ms apart"
        arrivals, whole = (some.times_s * 1e3).tolist(), tradeoff.Trace(times_s)
        pairs = [
            (
                seconds(lambda: tradeoff.simulate(half, load=whole, **asked), AT_LEAST_S),  # noqa: B023
                seconds(lambda: lean_simpy(arrivals, size, half, 5.0)),  # noqa: B023
            )
            for _ in range(ROUNDS)
        ]
        ours_s, theirs_s = np.median(pairs, axis=0).tolist()
        name = f"simulate(), B {size}, wait 5 ms, simpy, lean"
        reached.append(told(name, 1e9 * ours_s / n, 1e9 * theirs_s / part, wanted))
        if wanted is None:
            reached[-1] = 1e9 * ours_s / n <= MOST_NS
            print(f"{'':38} wanted {MOST_NS:g} ns   {'reached' if reached[-1] else 'MISSED'}")
    return reached


def batches() -> list[bool]:
    rng, n, size = np.random.default_rng(0), 100_000, 8
    shared = Shared(
        np.cumsum(rng.standard_exponential(n)) / 0.6, rng.random(n), np.zeros((1, size + 1)),
        costs_of(cost).table(size, 1),
    )  # fmt: skip
    point = Point(policy=Policy(max_batch_size=size), scale=1.0, n=n)
    arrivals = shared.unit.tolist()
    return [
        compared("greedy batches of 8, simpy, lean", point, shared, lambda: lean_simpy(arrivals, size, cost), 300),
        compared("greedy batches of 8, simpy, Store", point, shared, lambda: usual_simpy(arrivals, size, cost), 1000),
    ]


def one_at_a_time(workers: int) -> bool:
    """Compare with ciw, which is given the very service times: each request is a batch of its own.

    The k-th uniform number picks the k-th service time.
    """
    rng, n = np.random.default_rng(workers), 20_000
    gaps, services = rng.standard_exponential(n) / (0.8 * workers), rng.standard_exponential(n)
    uniforms = np.empty(n)
    uniforms[np.argsort(services)] = (np.arange(n) + 0.5) / n
    shared = Shared(np.cumsum(gaps), uniforms, np.zeros((1, 2)), costs_of({1: services}).table(1, workers))
    point = Point(policy=Policy(max_batch_size=1, workers=workers), scale=1.0, n=n)

    def peer() -> list[float]:
        return with_ciw(gaps.tolist(), services.tolist(), workers)

    return compared(f"M/M/{workers}, ciw", point, shared, peer, 1500)


def closed() -> bool:
    rng, n, size, clients = np.random.default_rng(0), 100_000, 8, 20
    shared = Shared(
        rng.standard_exponential(n) * 10.0, rng.random(n), np.zeros((1, size + 1)), costs_of(cost).table(size, 1)
    )
    point = Point(policy=Policy(max_batch_size=size), scale=1.0, clients=clients, n=n)
    thinks = shared.unit.tolist()
    return compared(
        "20 clients, batches of 8, simpy", point, shared, lambda: closed_simpy(thinks, clients, size, cost), 50
    )


def small_cost(size: int) -> float:
    return 1.0 + 0.1 * size


def grids() -> list[bool]:
    """Time a thousand points, and a hundred of them: compiled, and in NumPy against simpy."""
    rng, n, size, wait = np.random.default_rng(0), 10_000, 32, 2.0
    shared = Shared(
        np.cumsum(rng.standard_exponential(n)), rng.random(n), np.zeros((1, size + 1)),
        costs_of(small_cost).table(size, 1),
    )  # fmt: skip
    policy = Policy(max_batch_size=size, max_wait_ms=wait)
    points = [
        Point(policy=policy, scale=1.0 / rate, n=n, warm_up=n // 10, tail=n // 100)
        for rate in np.linspace(0.5, 2.5, 1000)
    ]
    reached = []
    for count, wanted in ((100, 16.0), (1000, 100.0)):
        some = points[:: len(points) // count]
        ms = 1e3 * float(np.median([seconds(lambda: see(some, shared), clock=time.perf_counter) for _ in range(9)]))  # noqa: B023
        reached.append(ms <= wanted)
        verdict = "reached" if reached[-1] else "MISSED"
        print(f"{count:5} points × {n} requests, p50 to p999, all cores: {ms:6.1f} ms   wanted {wanted:3g}   {verdict}")
    # A peer takes as long for a hundred points as for every tenth of them, ten times.
    asked = [(point, (shared.unit * point.scale).tolist()) for point in points[50::100]]
    for name, peer, wanted in (("Store", usual_simpy, 50.0), ("lean", lean_simpy, None)):
        for path, (_, arrivals) in zip(lockstep.open_paths([point for point, _ in asked], shared), asked, strict=True):
            latencies = np.repeat(path.batches[:, DONE], path.sizes) - path.arrivals
            same(latencies, peer(arrivals, size, small_cost, wait), f"NumPy, {name}")
        for count in (100, 1000):
            some = points[:: len(points) // count]
            pairs = [
                (
                    seconds(lambda: see(some, shared, in_numpy=True)),  # noqa: B023
                    seconds(lambda: [peer(arrivals, size, small_cost, wait) for _, arrivals in asked]),  # noqa: B023
                )
                for _ in range(3)
            ]
            ours_s, theirs_s = np.median(pairs, axis=0).tolist()
            title = f"NumPy, {count} points, simpy, {name}"
            reached.append(told(title, 1e9 * ours_s / (n * count), 1e9 * theirs_s / (n * len(asked)), wanted))
    return reached


def see(points: list[Point], shared: Shared, *, in_numpy: bool = False) -> object:
    inner = engine.INTERPRETED if in_numpy else compiled.compiled()
    return engine.see(points, shared, is_full=False, inner=inner)


def main() -> int:
    engine.try_out(compiled.compiled())
    gc.freeze()
    print(f"{'a request':38} {'ours':>11} {'theirs':>11}")
    reached = [*called(), *batches(), one_at_a_time(1), one_at_a_time(4), closed(), *grids()]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
