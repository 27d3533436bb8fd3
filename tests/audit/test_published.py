"""Figures that others published: rows made by hand of what stands in their files."""

import pytest

from tests.audit.points import of
from tradeoff.audit import audit
from tradeoff.frames import make_points

VENDOR = {
    "workload": "vgg19_libtorch",
    "source": "model_analyzer",
    "mode": "serving",
    "load": "closed",
    "batch_size": 128,
    "latency_basis": "send",
}
"""Triton Model Analyzer's own example (triton-inference-server/model_analyzer, experiments/data/vgg19_libtorch,
Apache-2.0): client batches of one."""

SWEEP = {  # clients: requests/s, mean and p99 in ms
    1: (196.803, 5.075, 5.213),
    32: (203.796, 145.125, 145.545),
    64: (189.0, 290.267, 290.789),
    128: (157.0, 580.864, 581.292),
    256: (92.0, 1166.997, 1167.638),
    512: (88.0, 2370.789, 2371.3),
    1024: (43.9853, 4769.921, 4770.178),
}


def vendor_rows():
    return [
        VENDOR | {"concurrency": n, "throughput_rps": x, "latency_mean_ms": mean, "latency_p99_ms": p99}
        for n, (x, mean, p99) in SWEEP.items()
    ]


def test_a_vendors_sweep_breaks_littles_law():
    points = make_points(vendor_rows())
    found = of(audit(points), "littles_law").set_index("expected")["severity"].to_dict()
    assert found == {32: "warning", 64: "error", 128: "error", 256: "error", 512: "error", 1024: "error"}


def test_the_sentence_says_what_the_clients_did():
    last = of(audit(make_points(vendor_rows()[-1:])), "littles_law")
    assert last["observed"][0] == pytest.approx(209.8, abs=0.1)
    for said in ("44.0 requests/s", "4.77 s", "210 in flight", "1\u202f024 are stated"):
        assert said in last["sentence"][0]


def test_no_row_of_it_says_how_many_samples_it_has():
    found = of(audit(make_points(vendor_rows())), "sample_size")
    assert len(found) == len(SWEEP)


DEMO = {
    "workload": "llama",
    "source": "inference-perf",
    "mode": "serving",
    "load": "constant",
    "latency_basis": "send",
    "latency_p50_ms": 4300.0,
}


def test_a_demo_that_leaves_the_schedule_out():
    row = DEMO | {"latency_p99_ms": 6800.0, "schedule_delay_p99_ms": 119_700.0, "request_rate_rps": 200.0, "n": 9000}
    found = of(audit(make_points([row])), "coordinated_omission")
    assert found["severity"].tolist() == ["error"]
    for said in ("p99 is 6.80 s", "120 s late"):
        assert said in found["sentence"][0]


def test_stages_beyond_what_the_server_can_do():
    """kubernetes-sigs/inference-perf, demos/kubecon-na-2025/vllm/results (Apache-2.0), seven stages."""
    stages = {  # requested: served, delay p99 s, latency p99 s, n
        1.0: (1.0172, 0.0015, 0.489, 60),
        31.4: (31.0, 0.0062, 0.631, 1884),
        92.19: (91.0, 0.0017, 1.381, 5531),
        152.98: (101.46, 26.53, 4.536, 9178),
        183.38: (102.5, 42.71, 4.549, 11_002),
    }
    rows = [
        DEMO | {"request_rate_rps": asked, "throughput_rps": served, "schedule_delay_p99_ms": 1e3 * delay,
                "latency_p50_ms": 900 * p99, "latency_p99_ms": 1e3 * p99, "n": n}
        for asked, (served, delay, p99, n) in stages.items()
    ]  # fmt: skip
    found = audit(make_points(rows))
    for check in ("achieved_rate", "coordinated_omission"):
        assert of(found, check)["severity"].tolist() == ["error", "error"]
    assert set(of(found, "achieved_rate")["expected"]) == {152.98, 183.38}


@pytest.mark.parametrize("known", [{}, {"latency_p50_ms": 7819.0, "ttft_p50_ms": 85.7, "itl_p50_ms": 13.6}])
def test_means_without_percentiles(known):
    """datacrunch-research/h200-benchmarks, sglang/outputs (MIT): mean and median only."""
    row = DEMO | {"latency_p50_ms": None, "latency_mean_ms": 7840.6, "request_rate_rps": 1.0, "throughput_rps": 1.005,
                  "n": 300} | known  # fmt: skip
    found = audit(make_points([row]))
    assert of(found, "averages")["severity"].tolist() == ["warning"]
