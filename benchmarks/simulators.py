"""The virtual clock against simpy and ciw: the same arrivals, the same costs, the same latencies, in one run.

Run with ``pip install simpy ciw`` and ``python benchmarks/simulators.py``. Every peer's latencies are asserted to be
ours within 1e-9 ms before times are compared; times are medians of paired runs.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable

import ciw
import numpy as np
import simpy

from tradeoff.serving.costs import costs_of
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import compiled, engine
from tradeoff.serving.virtual.grid import Point, Shared
from tradeoff.serving.virtual.kernels import DONE

ROUNDS = 5


def cost(size: int) -> float:
    return 4.0 + size


def lean_simpy(arrivals: list[float], size: int) -> list[float]:
    """Greedy batches with bare events and a deque."""
    env = simpy.Environment()
    queue: deque[float] = deque()
    done: list[float] = []
    idle: list[simpy.Event] = []

    def source():
        for arrival in arrivals:
            yield env.timeout(max(0.0, arrival - env.now))
            queue.append(arrival)
            if idle:
                idle.pop().succeed()

    def server():
        while True:
            if not queue:
                wake = env.event()
                idle.append(wake)
                yield wake
            taken = [queue.popleft() for _ in range(min(size, len(queue)))]
            yield env.timeout(cost(len(taken)))
            done.extend(env.now - arrival for arrival in taken)

    env.process(source())
    env.process(server())
    env.run()
    return done


def usual_simpy(arrivals: list[float], size: int) -> list[float]:
    """Greedy batches as the documentation of simpy would have them: a process for each request, a Store."""
    env = simpy.Environment()
    store = simpy.Store(env)
    latency = [0.0] * len(arrivals)

    def request(number: int, arrival: float):
        yield env.timeout(arrival)
        answered = env.event()
        yield store.put(answered)
        yield answered
        latency[number] = env.now - arrival

    def server():
        while True:
            taken = [(yield store.get())]
            while store.items and len(taken) < size:
                taken.append((yield store.get()))
            yield env.timeout(cost(len(taken)))
            for answered in taken:
                answered.succeed()

    for number, arrival in enumerate(arrivals):
        env.process(request(number, arrival))
    env.process(server())
    env.run()
    return latency


def closed_simpy(clients: int, think: list[float], size: int) -> int:
    """Clients that think, ask and wait; greedy batches. Returns requests answered."""
    env = simpy.Environment()
    queue: deque[simpy.Event] = deque()
    idle: list[simpy.Event] = []
    left = iter(think)
    answered = 0

    def client():
        nonlocal answered
        for pause in left:
            yield env.timeout(pause)
            mine = env.event()
            queue.append(mine)
            if idle:
                idle.pop().succeed()
            yield mine
            answered += 1

    def server():
        while True:
            if not queue:
                wake = env.event()
                idle.append(wake)
                yield wake
            taken = [queue.popleft() for _ in range(min(size, len(queue)))]
            yield env.timeout(cost(len(taken)))
            for mine in taken:
                mine.succeed()

    for _ in range(clients):
        env.process(client())
    env.process(server())
    env.run()
    return answered


def with_ciw(gaps: list[float], services: list[float], workers: int) -> list[float]:
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, float("inf")])],
        service_distributions=[ciw.dists.Sequential(services)],
        number_of_servers=[workers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(len(gaps), method="Finish")
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    return [record.exit_date - record.arrival_date for record in records]


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def paired(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = ROUNDS) -> tuple[float, float]:
    """Medians of seconds, taken in turn."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    return tuple(float(np.median(times)) for times in zip(*pairs, strict=True))  # type: ignore[return-value]


class Case:
    """One system, and what peers are given."""

    def __init__(self, n: int, *, rate: float, size: int = 1, workers: int = 1, service=None, clients: int = 0) -> None:
        rng = np.random.default_rng(0)
        self.gaps = rng.standard_exponential(n) / rate
        self.arrivals = np.cumsum(self.gaps)
        self.uniforms = rng.random(n)
        costs = costs_of(service or cost)
        unit = rng.standard_exponential(n) * 10.0 if clients else self.arrivals
        self.thinks = unit
        self.shared = Shared(unit, self.uniforms, np.zeros((1, size + 1)), costs.table(size, workers))
        self.point = Point(policy=Policy(max_batch_size=size, workers=workers), scale=1.0, clients=clients, n=n)

    def ours(self) -> object:
        """Serve it."""
        return engine.serve(self.point, self.shared, inner=compiled.compiled())

    def latencies(self) -> np.ndarray:
        """Serve it, and return the latency of each request."""
        served = engine.serve(self.point, self.shared, inner=compiled.compiled())
        return np.repeat(served.batches[:, DONE], served.sizes) - served.arrivals


def told(name: str, n: int, ours: float, theirs: float, wanted: float) -> bool:
    ratio = theirs / ours
    print(
        f"{name:34} {1e9 * ours / n:8.1f} ns {1e9 * theirs / n:10.0f} ns   {ratio:8.0f} times   wanted {wanted:6.0f}"
        f"   {'reached' if ratio >= wanted else 'MISSED'}"
    )
    return ratio >= wanted


def main() -> int:
    engine.try_out(compiled.compiled())
    reached = []
    print(f"{'a request':34} {'ours':>11} {'theirs':>13}")
    n = 50_000
    case = Case(n, rate=0.6, size=8)
    arrivals = case.arrivals.tolist()
    for name, peer, wanted in (("simpy, lean", lean_simpy, 300), ("simpy, Store", usual_simpy, 1000)):
        assert np.allclose(case.latencies(), peer(arrivals, 8), rtol=0, atol=1e-6), name
        pair = paired(case.ours, lambda peer=peer: peer(arrivals, 8))
        reached.append(told(f"greedy batches of 8, {name}", n, *pair, wanted))
    n = 20_000
    for workers, rate in ((1, 0.8), (4, 3.2)):
        services = np.random.default_rng(1).standard_exponential(n)
        # Each request is a batch of its own: the k-th uniform number picks the k-th service time.
        order = np.argsort(services)
        case = Case(n, rate=rate, workers=workers, service={1: services})
        ranks = np.empty(n)
        ranks[order] = (np.arange(n) + 0.5) / n
        case.uniforms[:] = ranks
        exact = with_ciw(case.gaps.tolist(), services.tolist(), workers)
        assert np.allclose(case.latencies(), exact, rtol=0, atol=1e-9), "ciw"
        pair = paired(
            case.ours, lambda c=case, s=services, w=workers: with_ciw(c.gaps.tolist(), s.tolist(), w), rounds=3
        )
        reached.append(told(f"M/M/{workers}, ciw", n, *pair, 1500))
    n = 50_000
    case = Case(n, rate=1.0, size=8, clients=20)
    assert closed_simpy(20, case.thinks.tolist(), 8) == len(case.latencies())
    pair = paired(case.ours, lambda: closed_simpy(20, case.thinks.tolist(), 8))
    reached.append(told("20 clients, batches of 8, simpy", n, *pair, 50))
    reached += grids(lean_simpy)
    return 0 if all(reached) else 1


def grids(peer: Callable[[list[float], int], list[float]]) -> list[bool]:
    rng = np.random.default_rng(0)
    n = 10_000
    costs = costs_of(lambda size: 1.0 + 0.1 * size)
    shared = Shared(np.cumsum(rng.standard_exponential(n)), rng.random(n), np.zeros((1, 33)), costs.table(32, 1))
    points = [
        Point(policy=Policy(max_batch_size=32, max_wait_ms=2.0), scale=1.0 / rate, n=n, warm_up=n // 10, tail=n // 100)
        for rate in np.linspace(0.5, 2.5, 1000)
    ]
    reached = []
    for count, wanted in ((100, 16.0), (1000, 100.0)):
        some = points[:: len(points) // count]
        times = [
            seconds(lambda s=some: engine.see(s, shared, is_full=False, inner=compiled.compiled())) for _ in range(9)
        ]
        ms = 1e3 * float(np.median(times))
        print(f"{count:5} points × {n} requests, p50 to p999: {ms:6.1f} ms   wanted {wanted:g} ms")
        reached.append(ms <= wanted)
    some = points[::10]
    fallback = float(np.median([seconds(lambda: engine.see(some, shared, inner=engine.INTERPRETED)) for _ in range(3)]))
    arrivals = (shared.unit * some[50].scale).tolist()
    theirs = float(np.median([seconds(lambda: peer(arrivals, 32)) for _ in range(3)])) * len(some)
    reached.append(told("the same without a compiler, simpy", n * len(some), fallback, theirs, 50))
    return reached


if __name__ == "__main__":
    sys.exit(main())
