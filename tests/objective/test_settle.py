import numpy as np
import pandas as pd
import pytest

from tests.objective.test_decision import TEXT, batch, points
from tradeoff.frames import Run, make_samples
from tradeoff.objective import decide
from tradeoff.stats.quantiles import quantile_with_interval
from tradeoff.stats.sample_size import samples_needed


def measured(latencies_ms, *, throughput=100.0, tau=1.0) -> Run:
    """A Run of one point whose interval is that of its samples."""
    found = quantile_with_interval(latencies_ms, 0.99, tau=tau)
    frame = points((throughput, found.value, found.lo, found.hi), n=len(latencies_ms), tau_p99=tau)
    samples = make_samples(
        {"point_id": frame["point_id"].iloc[0], "phase": "measure", "status": "ok",
         "latency_ns": np.rint(np.asarray(latencies_ms) * 1e6).astype("int64")}
    )  # fmt: skip
    return Run(frame, samples)


@pytest.mark.parametrize(
    ("n", "over", "further"), [(200, 0, 168), (400, 1, 155), (1800, 10, 35), (1000, 10, 835)]
)  # 368 with none over the limit, 555 with one, 1835 with ten
def test_how_many_more_show_that_the_limit_is_met(n, over, further):
    run = measured(np.r_[np.full(n - over, 10.0), np.full(over, 30.0)])
    decision = decide(run, TEXT)
    assert (decision.verdict, decision.further_samples) == ("undecided", further)
    assert f"at least {further} more samples settle it" in decision.sentence()
    longer = measured(np.r_[np.full(n - over + further, 10.0), np.full(over, 30.0)])
    assert decide(longer, TEXT).verdict == "feasible"


def test_how_many_more_show_that_it_is_missed():
    run = measured(np.r_[np.full(988, 10.0), np.full(12, 30.0)])
    decision = decide(run, TEXT)
    assert decision.verdict == "undecided"
    assert decision.point["latency_p99_ms"] == 30.0
    total = 1000 + decision.further_samples
    over = int(0.012 * total)
    assert decide(measured(np.r_[np.full(total - over, 10.0), np.full(over, 30.0)]), TEXT).verdict == "infeasible"


def test_samples_that_depend_on_each_other_take_more():
    run = measured(np.full(600, 10.0), tau=3.0)
    assert decide(run, TEXT).further_samples == 3 * 368 - 600


def test_without_samples_the_share_is_read_from_the_interval():
    run = measured(np.r_[np.full(400, 10.0), [10.0, 12.0, 18.0, 30.0]])
    exact, read = (decide(what, TEXT).further_samples for what in (run, run.points))
    assert exact == 555 - 404
    assert read == pytest.approx(exact, abs=2 * 187)  # one or two over the limit: the interval does not tell


@pytest.mark.parametrize("n", [1, 2, 30, 200, 10**7])
@pytest.mark.parametrize("ends", [(4, 40), (np.nan, 40), (19, np.nan), (19, 20.5)])
@pytest.mark.parametrize("value", [10, 19.5, 20, 21])
def test_rows_of_strangers_with_intervals_that_their_n_does_not_give(n, ends, value):
    further = decide(points((100, value, *ends), n=n), TEXT).further_samples
    assert further is None or further >= 1


def test_nothing_is_promised_where_nothing_can_be_told():
    frame = points((100, 19, 18, 22))
    assert decide(frame, TEXT).further_samples is None
    assert "measure longer before relying on it." in decide(frame, TEXT).sentence()


def test_a_mean_that_is_undecided_shrinks_with_the_root_of_n():
    frame = points((100, 5, 4, 6), throughput_rps_lo=80.0, throughput_rps_hi=120.0, n=100)
    decision = decide(frame, "minimize p99 subject to throughput >= 90/s")
    assert (decision.verdict, decision.further_samples) == ("undecided", 300)


def test_the_contender_is_what_is_to_be_settled():
    low, high = measured(np.full(600, 10.0)), measured(np.full(200, 10.0), throughput=200.0)
    high.points["batch_size"] = 2
    high.points["point_id"] = high.samples["point_id"] = "another"
    pairs = ((low.points, high.points), (low.samples, high.samples))
    both = Run(*(pd.concat(pair, ignore_index=True) for pair in pairs))
    decision = decide(both, TEXT)
    assert (decision.verdict, batch(decision.contender)) == ("feasible", 2)
    assert decision.further_samples == samples_needed(0.99, alpha=0.05 / 2) - 200  # one of two that are alike in p99
