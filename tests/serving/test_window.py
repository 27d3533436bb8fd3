"""Everything in a row speaks of one window: laws of the rows of every mode."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tradeoff
from tests.serving.laws import keeps_the_laws
from tradeoff.serving.virtual import engine
from tradeoff.serving.window import growing_window, window_of

S = 1_000_000_000
EVERY_TENTH = np.arange(100) * S / 10


def window(due, latency, **asked):
    due = np.asarray(due, dtype=float)
    ended = due + latency
    return window_of(due, ended, ~np.isnan(ended), **{"until": 10 * S} | asked)


def test_a_tenth_is_left_out_of_time_that_was_given():
    found = window(EVERY_TENTH, 0.5 * S)
    assert (found.start, found.end, found.is_whole) == (S, 10 * S, False)
    phases = found.phases(EVERY_TENTH, EVERY_TENTH + 0.5 * S)
    assert [(phases == name).sum() for name in ("warmup", "measure", "drain")] == [10, 90, 0]
    assert found.duration_s == 9.0


def test_where_the_last_request_ends_it_that_one_is_left_out():
    found = window(EVERY_TENTH, 0.5 * S, until=None)
    inside = found.phases(EVERY_TENTH, EVERY_TENTH) == "measure"
    # 9.8 s is when the last hundredth begins: as many requests are inside as distances between them.
    assert inside.sum() / found.duration_s == pytest.approx(10, rel=0.01)
    assert found.end == 9.8 * S


def test_clients_who_ask_together_are_cut_between_their_rounds():
    rounds = np.repeat(np.arange(40), 4) * S / 4
    found = window(rounds, 0.25 * S, clients=4)
    assert (found.phases(rounds, rounds + 1) == "measure").sum() / found.duration_s == pytest.approx(16, rel=1e-9)


@pytest.mark.parametrize(
    ("due", "latency", "asked", "end_s"),
    [
        ([0.0] * 50, 0.3 * S, {"is_finite": True, "until": 5 * S}, 0.3),
        ([0.0, 2 * S], 0.5 * S, {"is_finite": True, "until": None}, 2.5),
        ([0.0] * 8, 0.3 * S, {"clients": 8}, 0.3),
        ([0.2 * S], 0.1 * S, {}, 10.0),
        ([0.2 * S], 0.1 * S, {"until": None}, 0.3),
        (EVERY_TENTH, 20 * S, {}, 29.9),
        (np.repeat([0.0, 1.0, 2.0], 4) * S, 1 * S, {"clients": 4, "until": None}, 3.0),
    ],
    ids=["all at once", "trace", "as many clients as requests", "all in the warm-up", "one", "slow", "few rounds"],
)
def test_what_does_not_hold_the_work_is_the_whole_run(due, latency, asked, end_s):
    found = window(due, latency, **asked)
    assert (found.start, found.is_whole) == (0, True)
    assert found.duration_s == pytest.approx(end_s)
    due = np.asarray(due, dtype=float)
    assert (found.phases(due, due + latency) == "measure").all()


def test_one_that_hangs_does_not_stretch_the_window():
    latency = np.where(np.arange(100) == 50, 30.0 * S, 0.1 * S)
    assert window(EVERY_TENTH, latency).end == 10 * S


def test_a_queue_that_grows_is_counted_by_who_is_done():
    due, done = EVERY_TENTH, 2 * EVERY_TENTH + S
    found = growing_window(due, until=10 * S)
    phases = found.phases(due, np.where(done > 15 * S, math.nan, done))
    assert (phases == "measure").sum() == ((done >= S) & (done < 10 * S)).sum() == 45
    assert (phases == "drain").sum() == 55, "and those that have no end are of no window"


def test_nothing_came():
    found = window([], 0.0)
    assert (found.start, found.end) == (0, 10 * S)


def exponential(size, rng, n):
    return rng.standard_exponential(n)


def erlang_b(servers, load):
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost


@pytest.mark.parametrize("replications", [1, 4])
@pytest.mark.parametrize(("servers", "load"), [(5, 4.0), (1, 0.5), (2, 4.0), (12, 9.0)])
def test_erlang_b_from_the_counts_of_the_row(servers, load, replications):
    row = tradeoff.simulate(
        exponential, max_batch_size=1, workers=servers, queue_limit=0, request_rate=1e3 * load,
        n_requests=60_000 // replications, replications=replications, seed=5,
    ).points.iloc[0]  # fmt: skip
    n, lost, expected = row["n"], row["n_rejected"], erlang_b(servers, load)
    assert row["rejection_rate"] == lost / (n + lost)
    # Losses come in a row: their number varies more than a binomial one, by up to 1 + 2 load / servers here.
    noise = math.sqrt(expected * (1 - expected) / (n + lost) * (1 + 2 * load / servers))
    assert abs(lost / (n + lost) - expected) < 4 * noise
    assert (n + lost) / row["duration_s"] == pytest.approx(1e3 * load, rel=0.03), "all who came, by the same window"


@pytest.mark.parametrize(("places", "rate"), [(6, 0.8), (3, 1.5)])
def test_m_m_1_k_from_the_counts_of_the_row(places, rate):
    row = tradeoff.simulate(
        exponential, max_batch_size=1, queue_limit=places - 1, request_rate=1e3 * rate, n_requests=100_000, seed=3
    ).points.iloc[0]
    share = rate**places * (1 - rate) / (1 - rate ** (places + 1))
    assert row["n_rejected"] / (row["n"] + row["n_rejected"]) == pytest.approx(share, rel=0.05)
    assert row["utilisation"] == pytest.approx(rate * (1 - share), rel=0.02), "utilisation law: throughput x service"


SERVICES = st.sampled_from([lambda size: 2.0 + size, exponential, {1: [1.0, 5.0], 4: [6.0, 7.0]}])
LOADS = st.sampled_from(
    [
        {"request_rate": 100},
        {"request_rate": 900},
        {"load": "all_at_once"},
        {"load": tradeoff.Trace([5.0] * 7 + [5.5])},
        {"load": tradeoff.MMPP([20, 2000], [0.2, 0.1])},
        {"concurrency": 1},
        {"concurrency": 9, "think_ms": 3.0, "think": "exponential"},
        {"concurrency": 64, "think_ms": 1.0},
    ]
)


@settings(max_examples=30, deadline=None)
@given(
    service=SERVICES,
    load=LOADS,
    size=st.sampled_from([1, 4]),
    wait=st.sampled_from([0.0, 2.0]),
    workers=st.sampled_from([1, 3]),
    limit=st.sampled_from([None, 0, 2]),
    formation=st.sampled_from(["shared", "per_worker"]),
    network=st.sampled_from([0.0, 7.0]),
    n=st.sampled_from([1, 2, 7, 40, 400]),
    replications=st.sampled_from([1, 3]),
    compiled=st.booleans(),
)
def test_a_simulated_row_keeps_the_laws(
    service, load, size, wait, workers, limit, formation, network, n, replications, compiled
):
    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(engine, "loops", lambda requests: engine.INTERPRETED)
        run = tradeoff.simulate(
            service, max_batch_size=size, max_wait_ms=wait, workers=workers, queue_limit=limit, formation=formation,
            network_ms=network, n_requests=n, replications=replications, keep_samples=True, seed=1, **load,
        )  # fmt: skip
    row = run.points.iloc[0].to_dict()
    if row["status"] == "saturated" and not len(run.samples):
        return  # beyond capacity nothing is simulated
    keeps_the_laws(row, run.samples)
    if row["n"]:
        assert row["calls_per_s"] * row["batch_size_mean"] == pytest.approx(row["throughput_rps"], rel=1e-9)
    assert tradeoff.audit(run).query("check == 'window' and severity == 'error'").empty


@pytest.mark.parametrize("replications", [1, 3])
@pytest.mark.parametrize(
    "asked",
    [
        {"request_rate": 5},
        {"request_rate": 500},
        {"concurrency": 8},
        {"concurrency": 40, "n_requests": 40},
        {"load": "all_at_once", "n_requests": 30},
        {"load": tradeoff.Trace([1.7e9] * 20)},
        {"request_rate": 5, "n_requests": 1},
    ],
    ids=str,
)
def test_a_row_of_tokens_keeps_the_laws(asked, replications):
    run = tradeoff.simulate_tokens(
        lambda size: 2.0 + 0.1 * size, prefill=(5.0, 0.01), prompt_tokens=50, output_tokens=[5, 20], max_batch_size=4,
        replications=replications, keep_samples=True, **{"n_requests": 400} | asked,
    )  # fmt: skip
    row = run.points.iloc[0].to_dict()
    keeps_the_laws(row, run.samples)
    measured = run.samples[run.samples["phase"] == "measure"]
    assert row["tokens_per_s"] == pytest.approx(measured["output_tokens"].sum() / row["duration_s"], rel=1e-9)
    if row["status"] != "saturated" and row["n"] > 300:
        # Each iteration of decoding gives as many tokens as the batch has requests; the first is the prompt's.
        given = measured["output_tokens"].to_numpy(dtype=float) - 1
        steps = given.sum() / row["duration_s"] / row["batch_size_mean"]
        assert row["calls_per_s"] > steps * 0.98
        assert row["throughput_rps"] * row["latency_mean_ms"] / 1e3 <= 4 * 400


async def quick(number):
    await asyncio.sleep(0.004)


async def picky(number):
    await asyncio.sleep(0.002)
    if number % 4 == 0:
        raise ConnectionError("refused")
    if number % 4 == 1:
        await asyncio.sleep(60)


@pytest.mark.parametrize("send", [quick, picky])
@pytest.mark.parametrize(
    "asked",
    [
        {"load": "all_at_once", "n_requests": 60},
        {"load": tradeoff.Trace([1.7e9] * 30)},
        {"concurrency": 8, "n_requests": 8},
        {"concurrency": 8, "n_requests": 20},
        {"concurrency": 2},
        {"request_rate": 200},
        {"request_rate": 100, "n_requests": 1},
        {"request_rate": 1000, "max_in_flight": 1},
        {"load": tradeoff.MMPP([50, 800], [0.05, 0.05]), "max_in_flight": 4},
    ],
    ids=str,
)
def test_a_driven_row_keeps_the_laws(send, asked):
    run = tradeoff.drive(send, **{"duration_s": 0.2, "timeout_s": 0.05, "progress": False} | asked)
    row = run.points.iloc[0].to_dict()
    keeps_the_laws(row, run.samples)
    assert tradeoff.audit(run).query("check == 'window' and severity == 'error'").empty


def test_errors_of_the_warm_up_are_not_counted():
    async def send(number):
        await asyncio.sleep(0.001)
        if number < 3:
            raise ConnectionError("not up yet")

    run = tradeoff.drive(send, request_rate=100, load="constant", duration_s=0.4, progress=False)
    keeps_the_laws(run.points.iloc[0].to_dict(), run.samples)
    assert run.points["n_errors"].tolist() == [0], "of 40 requests the first three are due in the first tenth"
    assert (run.samples["status"] == "error").sum() == 3


@pytest.mark.parametrize(
    "asked",
    [{"load": "all_at_once", "n_requests": 50}, {"concurrency": 8, "n_requests": 8}, {"request_rate": 300}],
    ids=str,
)
def test_a_served_row_keeps_the_laws(asked):
    run = tradeoff.serve("softmax", max_batch_size=4, duration_s=0.2, progress=False, **asked)
    keeps_the_laws(run.points.iloc[0].to_dict(), run.samples)
    assert tradeoff.decide(run, "maximize throughput").point["throughput_rps"] > 0
