"""The virtual clock against queueing theory."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import tradeoff

RUNS, N = 20, 60_000


def exponential(size, rng, n):
    return rng.standard_exponential(n)


def constant(size):
    return 1.0


def line(size):
    return 4.0 + size


def point(service, **asked):
    """The one row of 20 independent replications; every time unit of the formulas is a ms."""
    if "rate" in asked:
        asked["request_rate"] = 1e3 * asked.pop("rate")
    asked = {"max_batch_size": 1, "n_requests": N, "replications": RUNS, "seed": 7} | asked
    return tradeoff.simulate(service, **asked).points.iloc[0]


def agrees(row, column, expected, *, z=4.0, relative=0.005):
    """Within 4 standard errors of 20 runs, and within 0.5 %."""
    half = (row[f"{column}_hi"] - row[f"{column}_lo"]) / 2
    error = half / 2.093
    assert abs(row[column] - expected) < max(z * error, 1e-9 * expected), (column, row[column], expected, error)
    assert row[column] == pytest.approx(expected, rel=relative)


def erlang_c(c, a):
    b = 1.0
    for k in range(1, c + 1):
        b = a * b / (k + a * b)
    return b / (1 - (a / c) * (1 - b))


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_m_m_1(load):
    row = point(exponential, rate=load)
    agrees(row, "latency_mean_ms", 1 / (1 - load))
    agrees(row, "latency_p50_ms", math.log(2) / (1 - load), relative=0.01)
    agrees(row, "latency_p99_ms", math.log(100) / (1 - load), relative=0.02)
    assert row["utilisation"] == pytest.approx(load, rel=0.01)


@pytest.mark.parametrize(("c", "a"), [(2, 1.2), (4, 2.4), (10, 7.0)])
@pytest.mark.parametrize("formation", ["shared", "per_worker"])
def test_m_m_c_erlang(c, a, formation):
    row = point(exponential, rate=a, workers=c, formation=formation)
    agrees(row, "latency_mean_ms", 1 + erlang_c(c, a) / (c - a), relative=0.01)
    waits = max(0.0, math.log(erlang_c(c, a) / 0.01) / (c - a))
    assert row["queue_wait_p99_ms"] == pytest.approx(waits, rel=0.04)
    assert "uncontended_service" in row["flags"]


@pytest.mark.parametrize(("places", "rate"), [(10, 0.9), (4, 2.0)])
def test_m_m_1_k(places, rate):
    row = point(exponential, rate=rate, queue_limit=places - 1)
    share = [rate**k for k in range(places + 1)]
    lost = share[-1] / sum(share)
    assert row["rejection_rate"] == pytest.approx(lost, rel=0.02)
    waits = sum(k * s for k, s in enumerate(share)) / sum(share) / (rate * (1 - lost))
    agrees(row, "latency_mean_ms", waits, relative=0.01)
    assert row["status"] == ("saturated" if rate >= 1 else "converged")


def uniform(size, rng, n):
    return rng.uniform(0.0, 2.0, n)


@pytest.mark.parametrize("service", [exponential, constant, uniform])
@pytest.mark.parametrize(("c", "a"), [(1, 0.7), (3, 2.0)])
def test_erlang_b_holds_for_any_service(service, c, a):
    b = 1.0
    for k in range(1, c + 1):
        b = a * b / (k + a * b)
    assert point(service, rate=a, workers=c, queue_limit=0)["rejection_rate"] == pytest.approx(b, rel=0.02)


def test_m_g_1_pollaczek_khinchine():
    row = point({1: [1.0, 1.0, 1.0, 3.0]}, rate=0.5)
    agrees(row, "latency_mean_ms", 4.5, relative=0.01)


def test_m_d_1_erlang_1909():
    row = point(constant, rate=0.5)
    agrees(row, "latency_mean_ms", 1.5)
    agrees(row, "latency_p99_ms", 4.33625596, relative=0.02)
    assert row["queue_wait_p99_ms"] == pytest.approx(3.33625596, rel=0.03)


def greedy_mean(tau, rate, size, most=400):
    """The chain of queue lengths at dispatch: exact mean of greedy batches of one worker."""
    kernel = np.zeros((most, most))
    for length in range(1, most):
        k = min(length, size)
        come = np.zeros(most)
        come[0] = math.exp(-rate * tau(k))
        for n in range(1, most):
            come[n] = come[n - 1] * rate * tau(k) / n
        for n in range(most):
            kernel[length, min(most - 1, max(1, length - k + n))] += come[n]
    pi = np.zeros(most)
    pi[1] = 1.0
    for _ in range(3000):
        pi = pi @ kernel
        pi /= pi.sum()
    lengths = np.arange(1, most)
    times = np.array([tau(min(length, size)) for length in lengths])
    idle = np.where(lengths <= size, np.exp(-rate * times), 0.0) / rate
    cycle = (pi[1:] * (times + idle)).sum()
    area = (pi[1:] * (lengths * times + rate * times**2 / 2)).sum()
    return area / (rate * cycle)


@pytest.mark.parametrize(
    ("rate", "size", "known"), [(0.2, 2, 8.8259575327), (0.4, 4, 12.9119872), (0.6, 8, 19.7088101)]
)
def test_greedy_batches_of_any_size(rate, size, known):
    expected = greedy_mean(line, rate, size)
    assert expected == pytest.approx(known, rel=1e-6)
    agrees(point(line, rate=rate, max_batch_size=size), "latency_mean_ms", expected, relative=0.02)


@pytest.mark.parametrize(("rate", "mean"), [(0.2, 7.9478993552), (0.7, 22.6458055426)])
def test_greedy_batches_without_end(rate, mean):
    row = point(line, rate=rate, max_batch_size=200)
    agrees(row, "latency_mean_ms", mean, relative=0.01)
    fixed, slope = 4.0, 1.0
    first = (slope + fixed) / (2 * (1 - rate * slope))
    first *= 1 + 2 * rate * fixed + (1 - rate * fixed) / (1 + rate * slope)
    second = 1.5 * fixed / (1 - rate * slope) + slope / 2 * (rate * slope + 2) / (1 - (rate * slope) ** 2)
    assert row["latency_mean_ms_lo"] <= min(first, second), "Inoue's bound"


@pytest.mark.parametrize(
    ("rate", "size", "mean", "p99"), [(2, 4, 2.2684330591, 8.05276997), (4, 8, 2.2916769712, 7.82291771)]
)
def test_greedy_batches_with_exponential_service(rate, size, mean, p99):
    row = point(exponential, rate=rate, max_batch_size=size)
    agrees(row, "latency_mean_ms", mean, relative=0.01)
    agrees(row, "latency_p99_ms", p99, relative=0.02)


@pytest.mark.parametrize(("rate", "size"), [(3.2, 4), (4, 8)])
def test_full_batches(rate, size):
    sigma = 0.5
    for _ in range(500):
        sigma = (rate / (rate + (1 - sigma))) ** size
    expected = (size - 1) / (2 * rate) + sigma / (1 - sigma) + 1
    row = point(exponential, rate=rate, max_batch_size=size, max_wait_ms=math.inf)
    agrees(row, "latency_mean_ms", expected, relative=0.02)
    assert row["batch_size_mean"] == size


def poisson(n, mean):
    return math.exp(-mean) * mean**n / math.factorial(n)


@pytest.mark.parametrize(("rate", "size", "wait"), [(2.0, 6, 1.5), (0.8, 3, 4.0)])
def test_the_wait_limit_alone(rate, size, wait):
    row = point(lambda size: 1e-9, rate=rate, max_batch_size=size, max_wait_ms=wait, workers=64)
    mean = sum((1 + n) * poisson(n, rate * wait) for n in range(size - 1))
    mean += size * (1 - sum(poisson(n, rate * wait) for n in range(size - 1)))
    times = (np.arange(4000) + 0.5) * wait / 4000
    inside = sum((1 + n) * np.array([poisson(n, rate * t) for t in times]) for n in range(size - 1))
    assert row["batch_size_mean"] == pytest.approx(mean, rel=0.01)
    agrees(row, "latency_mean_ms", inside.sum() * wait / 4000 / mean, relative=0.01)


def repaired(clients, workers, think):
    weights = [1.0]
    for n in range(1, clients + 1):
        weights.append(weights[-1] * (clients - n + 1) / think / min(n, workers))
    rate = sum(w * (clients - n) / think for n, w in enumerate(weights)) / sum(weights)
    return rate, clients / rate - think


@pytest.mark.parametrize(("clients", "workers"), [(10, 1), (10, 2), (4, 3)])
def test_machine_repair(clients, workers):
    row = point(exponential, concurrency=clients, workers=workers, think_ms=5.0, think="exponential")
    rate, latency = repaired(clients, workers, 5.0)
    agrees(row, "latency_mean_ms", latency)
    agrees(row, "throughput_rps", 1e3 * rate)
    given = point(exponential, concurrency=clients, workers=workers, think=lambda rng, n: rng.exponential(5.0, n))
    agrees(given, "latency_mean_ms", latency)


@pytest.mark.parametrize(
    ("clients", "size", "rate", "latency"),
    [(4, 4, 0.2237293614, 7.8787440984), (20, 8, 0.6578134900, 20.4037547182)],
)
def test_closed_greedy_batches(clients, size, rate, latency):
    row = point(line, concurrency=clients, max_batch_size=size, think_ms=10.0, think="exponential")
    agrees(row, "latency_mean_ms", latency, relative=0.01)
    agrees(row, "throughput_rps", 1e3 * rate, relative=0.01)


@pytest.mark.parametrize(("clients", "size"), [(1, 1), (3, 8), (8, 8), (16, 8), (20, 5)])
@pytest.mark.parametrize("wait", [0.0, math.inf])
def test_clients_that_never_think(clients, size, wait):
    if clients < size and math.isinf(wait):
        with pytest.raises(ValueError, match="never forms"):
            point(line, concurrency=clients, max_batch_size=size, max_wait_ms=wait)
        return
    row = point(line, concurrency=clients, max_batch_size=size, max_wait_ms=wait, n_requests=4000, replications=1)
    busy = line(min(clients, size))
    latency = busy if clients <= size else clients * busy / size
    assert row["latency_mean_ms"] == pytest.approx(latency, rel=1e-9)
    assert row["latency_p50_ms"] == pytest.approx(latency, rel=1e-9)
    assert row["throughput_rps"] == pytest.approx(1e3 * clients / latency, rel=1e-9)


def test_more_places_lose_less_and_more_load_waits_longer():
    lost = tradeoff.simulate(line, max_batch_size=4, request_rate=600, queue_limit=[4, 8, 16, 32], n_requests=20_000)
    assert all(more > less for more, less in pairwise(lost.points["rejection_rate"]))
    waits = tradeoff.simulate(line, max_batch_size=4, request_rate=[100, 200, 300, 400], n_requests=20_000)
    assert all(less < more for less, more in pairwise(waits.points["latency_p99_ms"]))
