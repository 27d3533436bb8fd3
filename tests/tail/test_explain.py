import asyncio

import numpy as np
import pandas as pd
import pytest

import tradeoff
from tests.explorer.runs import grid_run
from tests.tail.planted import PLANTED, Service, made, nothing, simulate
from tradeoff.frames import STAGES, Run, make_points, make_samples, point_id
from tradeoff.tail import explain_samples, explain_tail, explain_tails

STAGE_COLUMNS = [f"{stage}_ns" for stage in STAGES]


def device(model_ms, *, concurrency=2, **more):
    """A Run of one point of calls."""
    row = {"workload": "mlp", "mode": "concurrent", "load": "closed", "batch_size": 4, "concurrency": concurrency}
    points = make_points([{**row, "n": len(model_ms), "status": "converged", "throughput_rps": 100.0}])
    model = np.round(1e6 * np.asarray(model_ms)).astype("int64")
    submitted = np.cumsum(model)
    samples = {
        "seq": np.arange(len(model)), "batch_id": np.arange(len(model)), "submitted_ns": submitted, "model_ns": model,
        "overhead_ns": 10_000, "latency_ns": model + 10_000, "done_ns": submitted + model + 10_000, "batch_size": 4,
        "in_flight": concurrency, "phase": "measure", "status": "ok", **more,
    }  # fmt: skip
    return Run(points, make_samples({"point_id": points["point_id"].iloc[0], **samples}))


@pytest.mark.parametrize("make", [*PLANTED.values(), nothing])
def test_stages_and_causes_add_up_to_the_extra(make):
    found = explain_tail(made(make, 1, 4000))
    table, causes = found.table, found.cause_table
    assert table["stage"].tolist() == list(STAGES)
    assert table["median_ms"].sum() == pytest.approx(found.median_ms)
    assert table["tail_ms"].sum() == pytest.approx(found.tail_ms)
    assert table["difference_ms"].sum() == pytest.approx(found.extra_ms)
    assert causes["extra_ms"].sum() == pytest.approx(found.extra_ms)
    for frame in (table, causes):
        assert frame["share"].sum() == pytest.approx(1.0)
        assert (frame["share_lo"] <= frame["share"]).all()
        assert (frame["share"] <= frame["share_hi"]).all()
    assert found.extra_ms == pytest.approx(found.tail_ms - found.median_ms)
    assert found.extra_lo_ms < found.extra_ms < found.extra_hi_ms


def test_it_is_what_one_counts_by_hand():
    run = made(PLANTED["spikes"], 3, 5000)
    found = explain_tail(run)
    mine = run.samples[run.samples["phase"] == "measure"].sort_values("latency_ns", kind="stable")
    n = len(mine)
    tail, middle = mine.iloc[int(np.ceil(0.99 * n)) :], mine.iloc[int(0.45 * n) : int(0.55 * n)]
    assert (found.n, found.n_tail) == (n, len(tail))
    assert found.threshold_ms == pytest.approx(mine["latency_ns"].iloc[int(np.ceil(0.99 * n)) - 1] / 1e6)
    expected = (tail[STAGE_COLUMNS].mean() - middle[STAGE_COLUMNS].mean()).to_numpy(dtype=float) / 1e6
    assert found.table["difference_ms"].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert found.threshold_ms == pytest.approx(run.points["latency_p99_ms"].iloc[0], rel=1e-3)


def test_the_unit_of_time_does_not_matter():
    run = made(PLANTED["queue"], 2, 4000)
    slower = run.samples.copy()
    times = [name for name in slower if name.endswith("_ns")]
    slower[times] = slower[times] * 1000
    one = explain_tail(run)
    other = explain_tail(Run(run.points.assign(throughput_rps=run.points["throughput_rps"] / 1000), slower))
    assert other.cause == one.cause
    assert other.cause_table["share"].to_numpy() == pytest.approx(one.cause_table["share"].to_numpy(), abs=1e-3)
    assert other.extra_ms == pytest.approx(1000 * one.extra_ms, rel=1e-6)


def test_the_order_of_the_rows_does_not_matter():
    run = made(PLANTED["spikes"], 2, 4000)
    shuffled = Run(run.points, run.samples.sample(frac=1.0, random_state=1))
    one, other = explain_tail(run), explain_tail(shuffled)
    assert (one.n, one.n_tail, one.threshold_ms, one.tail_ms) == (
        other.n,
        other.n_tail,
        other.threshold_ms,
        other.tail_ms,
    )
    assert one.cause == other.cause
    # Requests with the same latency may change places in the middle.
    assert one.cause_table["share"].to_numpy() == pytest.approx(other.cause_table["share"].to_numpy(), abs=0.01)


def test_another_percentile():
    run = made(PLANTED["spikes"], 0, 5000)
    found = explain_tail(run, q=0.9)
    assert found.n_tail == found.n - int(np.ceil(0.9 * found.n))
    assert found.threshold_ms == pytest.approx(run.points["latency_p90_ms"].iloc[0], rel=1e-3)
    assert "beyond p90" in found.sentence()


@pytest.mark.parametrize("q", [0.0, 1.0, 0.5, -1, 99, float("nan"), "0.99", None, True])
def test_percentiles_that_have_no_tail_are_refused(q):
    with pytest.raises(ValueError, match=r"q must be a probability from 0\.6 to below 1"):
        explain_tail(made(nothing, 0, 2000), q=q)


def test_a_percentage_is_pointed_at():
    with pytest.raises(ValueError, match=r"for p99\.5 give 0\.995"):
        explain_tail(made(nothing, 0, 2000), q=99.5)


def test_it_takes_a_run():
    for function in (explain_tail, explain_tails):
        with pytest.raises(TypeError, match="pass a Run"):
            function(made(nothing, 0, 2000).points)


@pytest.mark.parametrize(
    ("n", "q", "said"),
    [
        (
            300,
            0.99,
            "3 lie beyond p99, too few to tell what they have in common: measure 1\u202f000, or ask for q=0.96",
        ),
        (150, 0.99, "one lies beyond p99"),
        (50, 0.99, "none lies beyond p99"),
        (
            2000,
            0.999,
            "2 lie beyond p999, too few to tell what they have in common: measure 10\u202f000, or ask for q=0.99",
        ),
        (12, 0.9, "one lies beyond p90, too few to tell what they have in common: measure 100."),
    ],
)
def test_too_few_samples_say_how_many_it_takes(n, q, said):
    found = explain_tail(device(np.linspace(1, 2, n)), q=q)
    assert said in found.sentence()
    assert (found.cause, found.n, len(found.table), len(found.cause_table), len(found.trait_table)) == (
        None,
        n,
        0,
        0,
        0,
    )
    assert found.what_if().sentence() == found.sentence()


def test_without_samples_it_says_so():
    run = grid_run()
    nothing = "No samples of calls were kept at this point: there is no tail to look into."
    not_served = "None of the calls that count was served at this point: there is no tail to look into."
    for samples, said in (
        (run.samples.iloc[:0], nothing),
        (run.samples.assign(phase="warmup"), not_served),
        (run.samples.assign(status="error"), not_served),
    ):
        found = explain_tail(Run(run.points, samples), batch_size=1, concurrency=1)
        assert found.sentence() == said
        assert found.cause is None


def test_a_point_that_failed_gives_its_reason():
    row = {"workload": "a", "status": "oom", "reason": "tried to allocate\n2 GiB"}
    found = explain_tail(Run(make_points([row])))
    assert "(oom: tried to allocate 2 GiB)" in found.sentence()


def test_a_single_row_a_missing_column_and_empty_frames():
    one = device([1.0])
    assert "Of 1 call none lies beyond p99" in explain_tail(one).sentence()
    bare = Run(one.points, pd.DataFrame({"point_id": one.points["point_id"], "latency_ns": [5]}))
    assert "No samples" in explain_tail(bare).sentence()
    assert "No samples" in explain_tail(Run(one.points, pd.DataFrame())).sentence()
    assert explain_tails(Run(one.points, pd.DataFrame()))[one.points["point_id"].iloc[0]].cause is None


def test_calls_of_a_device_have_a_model_and_what_is_left():
    rng = np.random.default_rng(0)
    calm = explain_tail(device(rng.normal(5.0, 0.2, 5000)))
    assert calm.cause is None
    assert "model time" in calm.sentence()
    assert "how times vary" in calm.sentence()
    spiky = explain_tail(device(np.where(rng.random(5000) < 0.02, 60.0, 5.0) * rng.normal(1, 0.02, 5000)))
    assert spiky.cause == "spikes"
    assert "of the calls take 12 times as long as others" in spiky.sentence()
    assert "waiting behind" not in spiky.sentence()
    assert "where requests were served" in spiky.what_if().sentence()


def test_a_throttled_device_is_told_by_its_label():
    slow = np.arange(5000) % 1000 >= 980
    found = explain_tail(device(np.where(slow, 9.0, 5.0), label=np.where(slow, "thermal", None)))
    assert found.cause == "spikes"
    assert "Label thermal: 100 % of these, 0 % of those around the median." in found.sentence()
    trait = found.trait_table.set_index("trait").loc["label thermal"]
    assert (trait["median"], trait["tail"]) == (0.0, 1.0)


def test_a_device_whose_host_stalls_has_host_pauses():
    late = np.where(np.arange(5000) % 100 == 0, 20_000_000, 10_000)
    found = explain_tail(device(np.full(5000, 5.0), overhead_ns=late, latency_ns=5_000_000 + late))
    assert found.cause == "host pauses"


def test_a_device_without_any_variation_has_no_tail():
    found = explain_tail(device(np.full(3000, 5.0)))
    assert found.cause is None
    assert "there is no tail to explain" in found.sentence()
    assert found.extra_ms == 0.0
    assert found.table["share"].isna().all()


def test_of_a_server_outside_only_the_whole_is_known():
    rng = np.random.default_rng(0)

    async def send():
        await asyncio.sleep(0)

    run = tradeoff.drive(send, request_rate=2000, n_requests=40, duration_s=0.05)
    long = pd.concat([run.samples[run.samples["status"] == "ok"]] * 100, ignore_index=True).iloc[:3000]
    latency = rng.lognormal(2, 1, len(long)) * 1e6
    long = long.assign(
        latency_ns=latency.astype(int), overhead_ns=latency.astype(int), phase="measure", seq=range(len(long))
    )
    found = explain_tail(Run(run.points, long.astype(run.samples.dtypes)))
    assert found.cause is None
    assert "only the whole was timed, and none stands out" in found.sentence()
    assert "No policy of batches is known" in found.what_if().sentence()


def test_token_requests_have_longer_answers_not_spikes():
    run = tradeoff.simulate_tokens(
        lambda size: 8 + 0.1 * size, prefill=(5.0, 0.05), prompt_tokens=500, output_tokens=[50, 60, 70, 400],
        max_batch_size=32, request_rate=4, n_requests=4000, keep_samples=True,
    )  # fmt: skip
    found = explain_tail(run)
    assert found.cause is None
    assert "their answers are longer, 400 tokens" in found.sentence()
    assert "share no batches" in found.what_if().sentence()


def test_labels_read_generically():
    run = made(PLANTED["spikes"], 0, 5000)
    samples = run.samples
    slow = samples["model_ns"] > 5 * samples["model_ns"].median()
    samples["label"] = np.where(slow, "gc;<b>odd</b>\n", None)
    found = explain_tail(Run(run.points, samples))
    assert found.cause == "host pauses"
    assert set(found.trait_table["trait"]) >= {"label gc", "label <b>odd</b>"}
    assert "\n" not in found.sentence()


def test_a_saturated_point_is_told_to_be_one():
    run = simulate(Service(5.0, 0.1), 0, 4000, max_batch_size=2, request_rate=800, queue_limit=40)
    assert run.points["status"].iloc[0] == "saturated"
    assert "The point is saturated" in explain_tail(run).sentence()


def test_several_processes_are_looked_at_together():
    times = Service(5.0, 0.0, 0.1, 0.02, 12.0)
    run = tradeoff.simulate(
        times, max_batch_size=1, request_rate=60, n_requests=2000, replications=4, keep_samples=True
    )
    found = explain_tail(run)
    assert found.cause == "spikes"
    assert found.n == run.points["n"].iloc[0]


def test_every_point_of_a_run_is_explained_as_if_alone():
    run = tradeoff.simulate(
        Service(5.0, 0.5, 0.1), max_batch_size=[1, 4], request_rate=[50, 150], n_requests=2000, keep_samples=True
    )
    together = explain_tails(run)
    assert list(together) == run.points["point_id"].tolist()
    for identity, found in together.items():
        assert found.sentence() == explain_tail(run, identity).sentence()
    shuffled = explain_tails(Run(run.points, run.samples.sample(frac=1.0, random_state=0)))
    assert [found.cause for found in shuffled.values()] == [found.cause for found in together.values()]


def test_it_is_a_function_of_a_point_and_its_samples():
    run = made(PLANTED["wait limit"], 0, 3000)
    found = explain_samples(run.points.iloc[0], run.samples)
    assert found.sentence() == explain_tail(run).sentence()
    assert found.what_if().sentence() == explain_tail(run).what_if().sentence()


def test_huge_numbers_and_negative_overhead_are_borne():
    rng = np.random.default_rng(0)
    model = rng.integers(10**12, 10**13, 2000)
    samples = make_samples(
        {"point_id": point_id({"workload": "a"}), "latency_ns": model - 10**9, "model_ns": model, "phase": "measure",
         "overhead_ns": -(10**9), "status": "ok", "submitted_ns": 9 * 10**17 + np.cumsum(model), "seq": range(2000)}
    )  # fmt: skip
    found = explain_tail(Run(make_points([{"workload": "a"}]), samples))
    assert found.table["share"].sum() == pytest.approx(1.0)
    assert found.cause is None


def test_what_it_is_shows():
    found = explain_tail(made(PLANTED["queue"], 0, 4000))
    assert str(found) == found.sentence()
    assert repr(found).startswith(f"TailExplanation({found.point_id!r}, q=0.99, cause='queue': ")


def test_no_column_is_indispensable():
    run = made(PLANTED["queue"], 0, 2000)
    for name in run.samples:
        found = explain_tail(Run(run.points, run.samples.drop(columns=[name])))
        assert found.sentence()
        assert found.what_if().sentence()
    for name in run.points.columns.drop("point_id"):
        found = explain_tail(Run(run.points.drop(columns=[name]), run.samples))
        assert found.sentence()
        assert found.what_if().sentence()
