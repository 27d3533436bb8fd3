import numpy as np
import pytest

from tests.audit.points import CLOSED, findings, ns, of, one, sampled
from tradeoff.audit import audit
from tradeoff.frames import PERCENTILES
from tradeoff.stats.sample_size import samples_needed

ONLY = {name: None for name in CLOSED if name.startswith("latency_p")}


def alone(name: str, **changes):
    """A row with one percentile."""
    return of(findings(**ONLY | {f"latency_{name}_ms": 30.0} | changes), "sample_size")


@pytest.mark.parametrize("name", list(PERCENTILES))
def test_every_percentile_is_held_against_the_table(name):
    p = PERCENTILES[name]
    exists, good = samples_needed(p), samples_needed(p, above=10)
    least = round(1 / (1 - p))
    for n, severity in ((least - 1, "error"), (least, "warning"), (exists - 1, "warning"), (exists, "info"),
                        (good - 1, "info")):  # fmt: skip
        found = alone(name, n=n)
        assert found["severity"].tolist() == [severity], n
        assert found["sentence"][0].startswith(name)
        assert found["observed"][0] == n
        assert found["expected"][0] == (good if severity == "info" else exists)
    assert alone(name, n=good).empty


def test_samples_that_are_alike_count_as_fewer():
    assert alone("p99", n=2000, tau_p99=1.0).empty
    found = alone("p99", n=2000, tau_p99=10.0)
    assert found["severity"].tolist() == ["warning"]
    assert found["observed"][0] == pytest.approx(200.0)
    assert "2\u202f000 samples, which count as 200" in found["sentence"][0]
    assert alone("p99", n=2000, tau_p50=10.0).empty


def test_one_finding_for_each_percentile():
    found = of(findings(n=50), "sample_size")
    assert [sentence.split()[0] for sentence in found["sentence"]] == ["p99", "p95", "p90"]
    assert found["severity"].tolist() == ["error", "warning", "info"]


def test_a_percentile_of_two_times_is_told_once():
    found = of(findings(n=200, model_p99_ms=5.0, ttft_p99_ms=5.0), "sample_size")
    assert found["sentence"].str.startswith("p99").sum() == 1


def test_inter_token_latencies_are_more_than_requests():
    assert of(findings(**ONLY, n=20, itl_p99_ms=5.0), "sample_size").empty


def test_a_row_without_n():
    found = one(findings(n=None), "sample_size")
    assert (found["severity"], found["expected"]) == ("warning", 368.0)
    assert "does not say how many" in found["sentence"]


def test_a_row_that_says_itself_that_the_end_is_open():
    ends = {"latency_p99_ms_lo": 20.0}
    assert alone("p99", n=200, **ends)["severity"].tolist() == ["info"]
    # Where it was asked for, the flag says so.
    assert alone("p99", n=200, **ends, flags=["upper_unbounded"])["severity"].tolist() == ["warning"]
    # An interval that is known says how wide it is.
    assert alone("p99", n=500, **ends, latency_p99_ms_hi=50.0).empty


def test_the_flag_is_not_told_twice():
    assert "upper_unbounded" not in set(findings(n=200, flags=["upper_unbounded"])["check"])
    assert "upper_unbounded" in set(findings(flags=["upper_unbounded"])["check"])
    assert "too_few_samples" in set(findings(flags=["too_few_samples"])["check"])


def test_p99_equal_to_the_maximum():
    found = one(findings(latency_max_ms=30.0), "sample_size")
    assert (found["severity"], found["observed"], found["expected"]) == ("info", 30.0, 30.0)
    assert "largest latency of all" in found["sentence"]
    assert not of(findings(n=200, latency_max_ms=30.0), "sample_size")["sentence"].str.contains("largest latency").any()
    assert {"warning"} == set(of(findings(n=None, latency_max_ms=30.0), "sample_size")["severity"])
    assert findings(latency_max_ms=31.0).empty


def test_the_maximum_of_the_samples():
    latency = np.append(np.linspace(10, 20, 19_000), np.full(1000, 30.0))
    run = sampled(CLOSED, phase="measure", latency_ns=ns(latency))
    assert "largest latency of all" in one(audit(run), "sample_size")["sentence"]
    # A slower one that was measured too, but not one that was the first of all.
    for phase, said in (("measure", 0), ("cold", 1)):
        run = sampled(CLOSED, phase=np.append([phase], np.full(20_000, "measure")), latency_ns=ns([31.0, *latency]))
        assert len(audit(run)) == said
    # Of a part of the samples the longest is unknown.
    assert audit(sampled(CLOSED, phase="measure", latency_ns=ns(latency[:-1]))).empty


def test_a_time_that_never_varies_has_no_tail():
    same = {f"latency_{name}_ms": 16.0 for name in ("p50", "p90", "p95", "p99", "max")}
    assert findings(**same).empty
