"""What iterations cost: told, and measured by a loop that served for real."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import tradeoff
from tests.explorer.runs import grid_run
from tests.ids import case_id
from tests.serving.tokens.scripted import Scripted
from tests.serving.tokens.test_loop import run_of, serve
from tests.serving.tokens.test_simulate import MS, cases
from tradeoff.frames import Run, make_points
from tradeoff.serving.tokens.costs import decode_costs, prefill_table


def cost(step, size, number):
    return 2 * MS + size * MS // 2 if step == "prefill" else MS + size * MS // 4


CASE = {
    "times": [3 * n for n in range(60)], "prompt": [5, 9, 14] * 20, "output": [3, 8] * 30, "most": 4, "memory": None,
    "most_prefill": 8192, "clients": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def served():
    return run_of(serve(CASE, Scripted(cost)), CASE)[0]


@settings(max_examples=12, deadline=None)
@given(case=cases())
def test_what_was_served_is_simulated_as_it_was_where_steps_cost_what_their_size_says(case):
    run, requests = run_of(serve(case, Scripted(cost)), case)
    if not (run.samples["step"] == "decode").any():
        return
    who = {"load": tradeoff.Trace(np.asarray(case["times"]) / 1e3)}
    if case["clients"]:
        who = {"concurrency": case["clients"], "think": lambda rng, n: case["times"][:n] + 1.0}
    again = tradeoff.simulate_tokens(
        run, prompt_tokens=lambda *_: np.array(case["prompt"]), output_tokens=lambda *_: np.array(case["output"]),
        max_batch_size=case["most"], memory_tokens=case["memory"], max_prefill_tokens=case["most_prefill"],
        n_requests=len(case["prompt"]), keep_samples=True, **who,
    ).samples  # fmt: skip
    assert requests["seq"].tolist() == again["seq"].tolist()
    shift = 0 if case["clients"] else int(case["times"][0]) * MS  # a trace begins with its first time
    for name in ("scheduled_ns", "dispatched_ns", "first_token_ns", "done_ns"):
        assert (requests[name] - shift).tolist() == again[name].tolist(), name


def test_steps_are_told_apart_by_the_size_of_the_batch(served):
    found = decode_costs(served, seed=0).times_ms[1]
    assert {size: set(times) for size, times in found.items()} == {size: {1 + size / 4} for size in (1, 2, 3, 4)}


def test_a_size_that_never_came_costs_in_proportion_and_one_that_could_not_is_refused():
    alone = CASE | {"times": [100 * n for n in range(60)]}
    run, _ = run_of(serve(alone, Scripted(cost)), alone)
    costs = decode_costs(run, seed=0)
    assert set(costs.times_ms[1]) == {1, 4}
    assert set(costs.times_ms[1][4]) == {4 * 1.25}
    with pytest.raises(ValueError, match="larger than the largest batch"):
        costs.check(5)


def ms_of(table, tokens):
    return table.ms(tokens, 1, 0.5)


def test_prompts_lie_between_those_that_were_measured(served):
    table = prefill_table(None, served, 100)
    assert prefill_table(served, None, 100).times.tolist() == table.times.tolist()
    assert ms_of(table, 5) == 4.5
    assert ms_of(table, 9) == 6.5
    assert ms_of(table, 7) == pytest.approx(5.5)
    assert ms_of(table, 1) == 4.5, "no less than the shortest"
    largest = int(served.samples.loc[served.samples["step"] == "prefill", "prompt_tokens"].max())
    assert ms_of(table, 2 * largest) == pytest.approx(2 * ms_of(table, largest))


def test_many_lengths_are_pooled_and_every_time_stays_reachable():
    lengths = list(range(1, 301))
    many = CASE | {"times": [500 * n for n in range(300)], "prompt": lengths, "output": [2] * 300}
    run, _ = run_of(serve(many, Scripted(cost)), many)
    table = prefill_table(run, None, 300)
    assert set(np.arange(1, 301) / 2 + 2) <= set(table.times)
    assert ms_of(table, 150) == pytest.approx(2 + 75, rel=0.03)
    assert ms_of(table, 300) == pytest.approx(2 + 150, rel=0.03)


def test_prompts_are_drawn_as_they_were_measured():
    noisy = CASE | {"times": [100 * n for n in range(60)], "prompt": [5] * 60}
    run, _ = run_of(serve(noisy, Scripted(lambda step, size, number: MS * (1 + number % 7))), noisy)
    one = tradeoff.simulate_tokens(
        run, prompt_tokens=5, output_tokens=1, max_batch_size=1, request_rate=0.01, n_requests=5000
    ).points.iloc[0]
    took = run.samples[run.samples["step"] == "prefill"]
    assert one["ttft_mean_ms"] == pytest.approx((took["done_ns"] - took["dispatched_ns"]).mean() / 1e6, rel=0.03)
    assert one["ttft_p99_ms"] == 7.0


@pytest.mark.parametrize(
    ("asked", "tokens", "expected"),
    [(0.5, 4, 2.0), ((3.0, 0.5), 4, 5.0), (lambda tokens: tokens**2, 3, 9.0), (0, 1, 0.0)],
)
def test_prompts_whose_cost_is_told(asked, tokens, expected):
    assert ms_of(prefill_table(asked, None, 10), tokens) == expected


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (None, "or a Run of tradeoff.serve_tokens; got None"),
        (True, "prefill must be"),
        ((1, 2, 3), "prefill must be"),
        (lambda tokens: -1.0, "must give times in ms"),
        ((0.0, float("nan")), "must give times in ms"),
        (grid_run(), "it does not stand how many tokens"),
    ],
    ids=case_id,
)
def test_prompts_whose_cost_is_not_told(asked, said):
    with pytest.raises(ValueError, match=said):
        prefill_table(asked, lambda size: 1.0, 10)


def test_a_run_without_its_iterations(served):
    bare = Run(served.points, served.samples[served.samples["step"].isna()])
    for ask in (lambda: decode_costs(bare, seed=0), lambda: prefill_table(bare, None, 9)):
        with pytest.raises(ValueError, match=r"holds no (decode|prefill) step in its samples"):
            ask()


def test_runs_of_two_models_are_not_mixed(served):
    (row,) = served.points.to_dict("records")
    both = Run(make_points([row, row | {"workload": "b", "point_id": "b"}]), served.samples)
    with pytest.raises(ValueError, match="points of workload 'b' and 'scripted'"):
        decode_costs(both, seed=0)


def test_a_sweep_of_steps_is_what_steps_cost():
    row = tradeoff.simulate_tokens(
        grid_run(), prefill=(1.0, 0.01), prompt_tokens=9, output_tokens=4, max_batch_size=2, concurrency=2,
        n_requests=500,
    ).points.iloc[0]  # fmt: skip
    assert row["tpot_p50_ms"] > 0
    assert "interpolated_service" not in row["flags"]
