"""What `simulators.py` compares with: the same systems in simpy and in ciw, as lean as they go and as they are taught.

Each returns the latency of every request, batch by batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import ciw
import simpy

Cost = Callable[[int], float]


def lean_simpy(arrivals: list[float], size: int, cost: Cost, wait: float = 0.0) -> list[float]:
    """Batches with two processes, bare events and a deque."""
    env = simpy.Environment()
    queue: deque[float] = deque()
    latencies: list[float] = []
    idle: list[simpy.Event] = []
    filling: list[simpy.Event] = []

    def source():
        for arrival in arrivals:
            yield env.timeout(max(0.0, arrival - env.now))
            queue.append(arrival)
            if idle:
                idle.pop().succeed()
            elif filling and len(queue) >= size:
                filling.pop().succeed()

    def server():
        while True:
            if not queue:
                wake = env.event()
                idle.append(wake)
                yield wake
            if len(queue) < size and queue[0] + wait > env.now:
                full = env.event()
                filling[:] = [full]
                limit = env.timeout(queue[0] + wait - env.now)
                limit.callbacks.append(lambda _, full=full: full.triggered or filling.pop().succeed())
                yield full
            taken = [queue.popleft() for _ in range(min(size, len(queue)))]
            yield env.timeout(cost(len(taken)))
            latencies.extend(env.now - arrival for arrival in taken)

    env.process(source())
    env.process(server())
    env.run()
    return latencies


def usual_simpy(arrivals: list[float], size: int, cost: Cost, wait: float = 0.0) -> list[float]:
    """Batches as the documentation of simpy would have them: a process for each request, and a Store."""
    env = simpy.Environment()
    store = simpy.Store(env)
    latencies: list[float] = []

    def request(arrival: float):
        answered = env.event()
        yield store.put((arrival, answered))
        yield answered
        latencies.append(env.now - arrival)

    def source():
        for arrival in arrivals:
            yield env.timeout(max(0.0, arrival - env.now))
            env.process(request(arrival))

    def server():
        while True:
            taken = [(yield store.get())]
            limit = env.timeout(max(0.0, taken[0][0] + wait - env.now)) if wait else None
            while len(taken) < size:
                if store.items:
                    taken.append((yield store.get()))
                elif limit is None or limit.processed:
                    break
                else:
                    another = store.get()
                    yield another | limit
                    if not another.triggered:
                        another.cancel()
                        break
                    taken.append(another.value)
            yield env.timeout(cost(len(taken)))
            for _, answered in taken:
                answered.succeed()

    env.process(source())
    env.process(server())
    env.run()
    return latencies


def closed_simpy(thinks: list[float], clients: int, size: int, cost: Cost) -> list[float]:
    """Clients that think, ask and wait; greedy batches, with bare events and a deque."""
    env = simpy.Environment()
    queue: deque[simpy.Event] = deque()
    idle: list[simpy.Event] = []
    left = iter(thinks)
    latencies: list[float] = []

    def client():
        for think in left:
            yield env.timeout(think)
            asked, mine = env.now, env.event()
            queue.append(mine)
            if idle:
                idle.pop().succeed()
            yield mine
            latencies.append(env.now - asked)

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
    return latencies


def with_ciw(gaps: list[float], services: list[float], workers: int) -> list[float]:
    """One request at a time for each worker; ciw knows no batches."""
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, float("inf")])],
        service_distributions=[ciw.dists.Sequential(services)],
        number_of_servers=[workers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(len(gaps), method="Finish")
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    return [record.exit_date - record.arrival_date for record in records]
