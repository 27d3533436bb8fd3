"""SLO attainment and goodput: what a limit on each request means, and how well its share is known."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tradeoff
from tradeoff import SLO, SLOError, with_slo
from tradeoff.frames import Run, make_points, make_samples, validate_points

METRICS = ("latency", "ttft", "tpot", "queue_wait", "batch_wait", "model")


def run_of(latencies_ms, *, status="ok", **columns):
    """One point whose requests took so long, in ms, over ten seconds."""
    n = len(latencies_ms)
    state = np.broadcast_to(status, n)
    served = int((state == "ok").sum())
    rate = served / 10.0
    point = {
        "workload": "w", "batch_size": 1, "concurrency": 1, "mode": "serving", "n": served, "duration_s": 10.0,
        "n_errors": int((state == "error").sum()), "n_rejected": int((state == "rejected").sum()), "status": "budget",
        "throughput_rps": rate, "throughput_rps_lo": 0.9 * rate, "throughput_rps_hi": 1.1 * rate,
    }  # fmt: skip
    points = make_points([point])
    ns = np.round(np.asarray(latencies_ms) * 1e6).astype(np.int64)
    due = np.arange(n) * 10_000_000
    samples = {"seq": np.arange(n), "scheduled_ns": due, "done_ns": due + ns, "latency_ns": ns, "phase": "measure"}
    samples |= {"status": state, "point_id": points["point_id"].iloc[0], "replicate": 0} | columns
    return Run(points, make_samples(samples))


def test_a_share_and_its_requests_a_second():
    run = with_slo(run_of([1.0] * 90 + [9.0] * 10), "latency <= 5 ms")
    row = run.points.iloc[0]
    assert row["slo"] == "latency <= 5 ms"
    assert row["attainment"] == pytest.approx(0.9)
    assert row["attainment_lo"] < 0.9 < row["attainment_hi"]
    assert row["goodput_rps"] == pytest.approx(9.0)
    assert row["goodput_rps_lo"] == pytest.approx(row["attainment_lo"] * 9.0)
    validate_points(run.points)


def test_who_got_no_answer_did_not_get_it_in_time():
    status = ["ok"] * 60 + ["error"] * 20 + ["rejected"] * 10 + ["timeout"] * 10
    row = with_slo(run_of([1.0] * 100, status=status), "latency <= 5 ms").points.iloc[0]
    assert row["attainment"] == pytest.approx(0.6)
    # 6 requests a second were served, and each of them in time.
    assert row["goodput_rps"] == pytest.approx(6.0 * 90 / 100, rel=0.12)


def test_several_limits_hold_for_the_same_request():
    n = 100
    due = np.arange(n) * 10_000_000
    first = due + np.where(np.arange(n) % 2 == 0, 1, 9) * 1_000_000  # half of them begin late
    output = np.where(np.arange(n) % 4 < 2, 1, 11)  # half of them have one token
    done = first + np.where(output == 1, 0, 50_000_000)  # the others take 5 ms a token
    run = run_of((done - due) / 1e6, first_token_ns=first, output_tokens=output)
    share = lambda slo: with_slo(run, slo).points["attainment"].iloc[0]  # noqa: E731
    assert share("ttft <= 2 ms") == pytest.approx(0.5)
    assert share("tpot <= 2 ms") == pytest.approx(0.5), "an answer of one token has no time per token"
    assert share("tpot <= 6 ms") == 1.0
    assert share("ttft <= 2 ms and tpot <= 2 ms") == pytest.approx(0.25)


def test_dependence_widens_the_interval():
    random = np.random.default_rng(1)
    slow = random.random(400) < 0.1
    alone, together = (with_slo(run_of(np.where(s, 9.0, 1.0)), "latency <= 5 ms").points.iloc[0]
                       for s in (random.permutation(np.repeat(slow, 10)), np.repeat(slow, 10)))  # fmt: skip
    width = lambda row: row["attainment_hi"] - row["attainment_lo"]  # noqa: E731
    assert width(together) > 2.5 * width(alone)


def test_the_simulator_counts_what_its_samples_say():
    asked = {"max_batch_size": [1, 4], "request_rate": 100, "n_requests": 4000, "replications": 3, "seed": 1}
    limit = "latency <= 12 ms"
    counted = tradeoff.simulate(lambda size: 4.0 + size, **asked, slo=limit, keep_samples=True)
    judged = with_slo(counted, limit)
    for name in ("attainment", "goodput_rps"):
        assert counted.points[name].to_numpy() == pytest.approx(judged.points[name].to_numpy(), rel=5e-3)
    inside = counted.points["attainment_lo"] <= judged.points["attainment"]
    assert (inside & (judged.points["attainment"] <= counted.points["attainment_hi"])).all()
    one = tradeoff.simulate(lambda size: 4.0 + size, **(asked | {"replications": 1}), slo=limit).points
    assert one["attainment"].notna().all()
    assert one["attainment_lo"].isna().all(), "one replication has no interval"


def test_tokens_are_held_to_both_of_their_times():
    asked = {"prefill": (2.0, 0.01), "prompt_tokens": 64, "output_tokens": [1, 16], "max_batch_size": 4}
    slo = "ttft <= 5 ms and tpot <= 6 ms"
    run = tradeoff.simulate_tokens(
        lambda size: 4.0 + 0.1 * size, **asked, request_rate=[20, 30], n_requests=2000, slo=slo, keep_samples=True
    )
    again = with_slo(run, slo).points
    assert run.points["attainment"].to_numpy() == pytest.approx(again["attainment"].to_numpy())
    assert (run.points["attainment_hi"] - run.points["attainment_lo"] > 0).all()
    several = tradeoff.simulate_tokens(
        lambda size: 4.0 + 0.1 * size, **asked, request_rate=20, n_requests=2000, slo=slo, replications=3
    ).points.iloc[0]
    assert several["attainment_lo"] <= several["attainment"] <= several["attainment_hi"]


def test_a_queue_without_end_attains_nothing_that_can_be_said():
    run = tradeoff.simulate(lambda size: 10.0, max_batch_size=1, request_rate=200, slo="latency <= 1 s")
    assert run.points["status"].tolist() == ["saturated"]
    assert run.points["attainment"].isna().all()


def test_it_is_optimised_and_limited_like_every_column():
    run = tradeoff.simulate(
        lambda size: 4.0 + size, max_batch_size=[1, 8], request_rate=100, n_requests=4000, replications=3,
        slo="latency <= 11 ms",
    )  # fmt: skip
    found = tradeoff.decide(run, "maximize goodput subject to attainment >= 0.95")
    assert (found.verdict, found.point["batch_size"]) == ("feasible", 8)
    assert tradeoff.frontier(run.points, x="attainment", y="goodput_rps").tolist() == ["dominated", "frontier"]


def test_driven_requests_that_fail_count():
    async def send(number):
        if number % 4 == 0:
            raise RuntimeError("503")
        await asyncio.sleep(0)

    run = tradeoff.drive(send, request_rate=400, duration_s=1, progress=False)
    row = with_slo(run, "latency <= 10 s").points.iloc[0]
    came = row["n"] + row["n_errors"]
    assert row["attainment"] == pytest.approx(row["n"] / came)
    assert row["goodput_rps"] == pytest.approx(row["throughput_rps"])


@given(
    st.lists(
        st.tuples(st.sampled_from(METRICS), st.floats(1e-6, 1e6)), min_size=1, max_size=6, unique_by=lambda x: x[0]
    )
)
def test_text_comes_back(limits):
    slo = SLO.parse(" and ".join(f"{metric} < {limit!r}ms" for metric, limit in limits))
    assert [metric for metric, _ in slo.limits_ms] == [metric for metric, _ in limits]
    assert SLO.parse(str(slo)) == SLO.parse(str(SLO.parse(str(slo))))
    assert [limit for _, limit in slo.limits_ms] == pytest.approx([limit for _, limit in limits])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p99 <= 3 ms", "a percentile belongs into an objective"),
        ("latency <= 3", "needs a unit"),
        ("latency >= 3 ms", "cannot read"),
        ("latency <= 0 ms", "above 0"),
        ("latency <= 1e999 ms", "above 0"),
        ("latency <= 1 ms and latency <= 2 ms", "twice"),
        ("speed <= 1 ms", "use one of latency"),
        ("", "must be limits"),
        (None, "must be limits"),
        ("\x1b[31m <= 1 ms", "cannot read"),
    ],
)
def test_what_cannot_be_read_says_why(text, said):
    with pytest.raises(SLOError, match=said):
        SLO.parse(text)


def test_a_run_that_cannot_be_held_to_it_says_why():
    with pytest.raises(SLOError, match="has no samples"):
        with_slo(Run(run_of([1.0]).points), "latency <= 1 ms")
    with pytest.raises(SLOError, match="have no ttft"):
        with_slo(run_of([1.0]), "ttft <= 1 ms")
    with pytest.raises(TypeError, match="must be a Run"):
        with_slo(pd.DataFrame(), "latency <= 1 ms")
    with pytest.raises(SLOError, match="latencies only"):
        tradeoff.simulate(lambda size: 1.0, max_batch_size=1, request_rate=1, slo="queue_wait <= 1 ms")


def test_nobody_was_served():
    row = with_slo(run_of([1.0] * 10, status="error"), "latency <= 5 ms").points.iloc[0]
    assert row["attainment"] == 0.0
    assert row["goodput_rps"] == 0.0
    assert not math.isnan(row["attainment_hi"])
