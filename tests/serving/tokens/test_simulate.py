"""Continuous batching: against a plain loop over every token, and what it refuses."""

from __future__ import annotations

import math
from bisect import insort

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tradeoff
from tests.ids import case_id
from tradeoff.frames import STAGES, validate_points, validate_samples
from tradeoff.serving.virtual import engine

MS = 1_000_000


def plain(arrivals, prompt, output, *, most, memory, most_prefill, prefill, decode, think=None):
    """Token by token, in whole nanoseconds; arrivals of (ns, number), who has an answer asks again after thinking."""
    coming = sorted(arrivals)
    waiting, running, now = [], {}, 0
    asked, n = len(coming), len(prompt)
    first, done, admitted, came = {}, {}, {}, {}

    def ends(number):
        nonlocal asked
        done[number] = now
        if think is not None and asked < n:
            insort(coming, (now + think[asked], asked))
            asked += 1

    while coming or waiting or running:
        while coming and coming[0][0] <= now:
            time, number = coming.pop(0)
            came[number] = time
            waiting.append(number)
        if not waiting and not running:
            now = coming[0][0]
            continue
        taken, tokens = [], 0
        while waiting and len(running) + len(taken) < most:
            number = waiting[0]
            held = sum(prompt[other] + output[other] for other in [*running, *taken])
            if held + prompt[number] + output[number] > memory:
                break
            if taken and tokens + prompt[number] > most_prefill:
                break
            taken.append(waiting.pop(0))
            tokens += prompt[number]
            admitted[number] = now
        if taken:
            now += prefill(tokens)
            for number in taken:
                first[number] = now
                if output[number] == 1:
                    ends(number)
                else:
                    running[number] = output[number] - 1
            continue
        now += decode(len(running))
        for number in list(running):
            running[number] -= 1
        for number in [number for number, left in running.items() if not left]:
            del running[number]
            ends(number)
    return came, admitted, first, done


@st.composite
def cases(draw):
    n = draw(st.integers(1, 25))
    lengths = st.lists(st.integers(1, 12), min_size=n, max_size=n)
    return {
        "times": np.cumsum(draw(st.lists(st.integers(0, 60), min_size=n, max_size=n))),
        "prompt": draw(lengths),
        "output": draw(lengths),
        "most": draw(st.integers(1, 5)),
        "memory": draw(st.sampled_from([24, 40, 10_000])),
        "most_prefill": draw(st.sampled_from([1, 13, 8192])),
        "clients": draw(st.sampled_from([0, 0, 1, 3])),
    }


@pytest.mark.parametrize("compiled", [True, False])
@settings(max_examples=200, deadline=None)
@given(case=cases())
def test_it_is_a_loop_over_every_token(compiled, case):
    prompt, output, n = case["prompt"], case["output"], len(case["prompt"])

    def decode(size):
        return 1.0 + size / 4

    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(engine, "loops", lambda requests: engine.INTERPRETED)
        who = {"load": tradeoff.Trace(case["times"] / 1e3)}
        if case["clients"]:
            who = {"concurrency": case["clients"], "think": lambda rng, n: case["times"][:n] + 1.0}
        run = tradeoff.simulate_tokens(
            decode, prefill=(2.0, 0.5), prompt_tokens=lambda rng, n: np.array(prompt),
            output_tokens=lambda rng, n: np.array(output), max_batch_size=case["most"], memory_tokens=case["memory"],
            max_prefill_tokens=case["most_prefill"], n_requests=n, keep_samples=True, **who,
        )  # fmt: skip
    thinks = [(int(time) + 1) * MS for time in case["times"]]
    arrivals = [(int(time - case["times"][0]) * MS, number) for number, time in enumerate(case["times"])]
    if case["clients"]:
        arrivals = [(thinks[number], number) for number in range(min(n, case["clients"]))]
    came, admitted, first, done = plain(
        arrivals, prompt, output, most=case["most"], memory=case["memory"], most_prefill=case["most_prefill"],
        prefill=lambda tokens: 2 * MS + tokens * MS // 2, decode=lambda size: MS + size * MS // 4,
        think=thinks if case["clients"] else None,
    )  # fmt: skip
    validate_samples(run.samples)
    validate_points(run.points)
    samples = run.samples.set_index("seq").sort_index()
    for column, expected in (("scheduled", came), ("dispatched", admitted), ("first_token", first), ("done", done)):
        assert samples[f"{column}_ns"].tolist() == [expected[number] for number in range(n)], column
    parts = samples[[f"{stage}_ns" for stage in STAGES]].sum(axis=1)
    assert (parts == samples["latency_ns"]).all()


COMMON = {"prefill": (5.0, 0.05), "prompt_tokens": 200, "output_tokens": [20, 80], "n_requests": 4000}


def step(size):
    return 8.0 + 0.1 * size


def test_skipping_changes_nothing():
    drawn = {size: [step(size), step(size)] for size in range(1, 9)}  # two times that are the same: nothing is skipped
    skipped, one_by_one = (
        tradeoff.simulate_tokens(service, max_batch_size=8, request_rate=4, keep_samples=True, **COMMON).samples
        for service in (step, drawn)
    )
    assert (skipped["done_ns"] == one_by_one["done_ns"]).all()
    assert (skipped["first_token_ns"] == one_by_one["first_token_ns"]).all()


def test_time_to_first_token_and_per_token():
    row = tradeoff.simulate_tokens(step, max_batch_size=8, request_rate=0.05, **COMMON).points.iloc[0]
    assert row["ttft_p50_ms"] == pytest.approx(15.0), "nobody else is there: a prefill"
    assert row["tpot_p50_ms"] == pytest.approx(8.1), "and steps of one"
    assert row["tokens_per_s"] == pytest.approx(0.05 * 50, rel=0.05)
    busy = tradeoff.simulate_tokens(step, max_batch_size=8, request_rate=6, **COMMON).points.iloc[0]
    assert busy["ttft_p99_ms"] > row["ttft_p99_ms"]
    assert busy["tpot_p50_ms"] > row["tpot_p50_ms"]
    assert busy["batch_size_mean"] > 2


def test_more_than_the_memory_bears_waits():
    roomy, tight = (
        row for _, row in tradeoff.simulate_tokens(
            step, max_batch_size=8, request_rate=1.5, memory_tokens=[None, 600], **COMMON
        ).points.iterrows()
    )  # fmt: skip
    assert tight["queue_wait_p99_ms"] > roomy["queue_wait_p99_ms"]
    assert tight["batch_size_mean"] < roomy["batch_size_mean"]
    assert tight["point_id"] != roomy["point_id"]


def test_beyond_capacity_it_is_saturated():
    row = tradeoff.simulate_tokens(step, max_batch_size=4, request_rate=100, **COMMON).points.iloc[0]
    assert row["status"] == "saturated"
    assert math.isnan(row["ttft_p99_ms"])


def test_replications_and_clients():
    row = tradeoff.simulate_tokens(
        step, max_batch_size=4, concurrency=4, think_ms=100, think="exponential", replications=5, **COMMON
    ).points.iloc[0]
    assert row["latency_p50_ms_lo"] < row["latency_p50_ms"] < row["latency_p50_ms_hi"]
    assert row["load"] == "closed"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt_tokens": 0}, "prompt_tokens must be whole numbers, 1 or more"),
        ({"output_tokens": 1.5}, "output_tokens must be a whole number"),
        ({"output_tokens": lambda rng, n: np.ones(3, int)}, "must give 4000 whole numbers"),
        ({"memory_tokens": 100}, "memory_tokens=100 does not hold a request of 280 tokens"),
        ({"memory_tokens": 0}, "memory_tokens must be a whole number"),
        ({"max_prefill_tokens": 0}, "max_prefill_tokens must be"),
        ({"prefill": "fast"}, "prefill must be ms for each token"),
        ({"prefill": -1.0}, "must give times in ms"),
        ({"request_rate": None}, "who asks"),
        ({"n_requests": 0}, "n_requests must be"),
    ],
    ids=case_id,
)
def test_what_is_refused(asked, said):
    with pytest.raises(ValueError, match=said):
        tradeoff.simulate_tokens(step, **{**COMMON, "max_batch_size": 4, "request_rate": 1} | asked)


def test_times_of_tokens_have_intervals_of_their_own_and_those_of_replications():
    asked = {"prefill": (2.0, 0.01), "prompt_tokens": [64, 256], "output_tokens": [1, 16, 64], "max_batch_size": 8}
    names = ("throughput_rps", "tokens_per_s", "ttft_mean_ms", "ttft_p99_ms", "tpot_p50_ms", "queue_wait_p99_ms")
    for replications in (1, 4):
        row = tradeoff.simulate_tokens(
            lambda size: 4.0 + 0.1 * size, **asked, request_rate=20, n_requests=4000, replications=replications
        ).points.iloc[0]
        for name in names:
            assert row[f"{name}_lo"] <= row[name] <= row[f"{name}_hi"], name
        assert row["ttft_p99_ms_lo"] < row["ttft_p99_ms_hi"]
        # A third of the answers has one token only.
        assert row["n_tpot"] == pytest.approx(2 / 3 * row["n"], rel=0.05)
        assert row["throughput_rps_lo"] <= 20 <= row["throughput_rps_hi"]
