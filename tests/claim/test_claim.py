import json
import re
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

import tradeoff
from tests.claim.runs import ENVIRONMENT, OBJECTIVE, grid, row, run
from tradeoff.claim import ClaimError, claim, findings
from tradeoff.frames import Run, make_points
from tradeoff.objective import Objective, ObjectiveError, Setting, decide


def made(rows=None, objective=OBJECTIVE, **options):
    return claim(run(rows), objective, date="2026-11-24", **options)


def test_the_value_is_the_decisions():
    found, decision = made(), decide(run(), OBJECTIVE)
    assert found.verdict == decision.verdict == "feasible"
    assert found.content["point"]["point_id"] == decision.point["point_id"]
    assert found.content["value"] == {
        "metric": "throughput_rps", "label": "throughput", "unit": "requests/s", "n": 5000,
        "value": decision.point["throughput_rps"], "low": decision.intervals["throughput_rps"].low,
        "high": decision.intervals["throughput_rps"].high,
    }  # fmt: skip
    assert found.content["runner_up"]["point_id"] == decision.runner_up["point_id"]
    (limit,) = found.content["constraints"]
    assert (limit["limit"], limit["verdict"], limit["value"]) == (2.0, "met", decision.point["latency_p99_ms"])


def test_one_line_of_prose_says_it_all():
    found = made()
    assert found.sentence() == (
        "softmax (numpy, float32) on A processor: throughput 11\u202f300 requests/s (10\u202f900 to 11\u202f700) with "
        "p99 latency 1.80 ms (1.70 to 1.90), limit p99 ≤ 2 ms, at batch 8 × concurrency 2; closed loop, 2 calls in "
        "flight; every call a batch of 8; call latency (no waiting for a batch or a worker); counted from when a "
        "request was sent; sustained for 3.54 s; n = 5\u202f000 samples, 95 % intervals that allow for the choice "
        "among 2 points; measured on 2026-11-20."
    )
    assert str(found) == found.sentence()
    assert found.missing() == []
    assert found.content["marks"] == []
    assert found.verified


UNSTATED = {
    "device": "hardware", "load": "load", "batch_size": "batch policy", "regime": "regime", "duration_s": "window",
    "latency_basis": "latency basis", "source": "source", "n": "n", "throughput_rps_lo": "lower end of the interval",
    "latency_p99_ms_lo": "lower end of the interval of p99 latency",
}  # fmt: skip


@pytest.mark.parametrize(("column", "word"), UNSTATED.items())
def test_what_is_not_stated_is_named_and_marked(column, word):
    found = made([row() | {column: None}])
    assert found.missing() == [word]
    assert found.content["marks"] == ["INCOMPLETE"]
    assert f"Incomplete: {word} not stated." in found.sentence()


def test_without_any_interval_it_is_the_interval_that_is_missing():
    bare = {name: None for name in row() if name.endswith(("_lo", "_hi"))}
    assert made([row(1, 1, **bare)]).missing() == ["interval", "interval of p99 latency"]


def test_an_environment_that_says_nothing_leaves_software_and_date_open():
    assert claim(Run(make_points(grid())), OBJECTIVE).missing() == ["software", "date measured"]
    assert claim(make_points(grid()), OBJECTIVE).missing() == ["software", "date measured"]


def test_throughput_without_a_latency_limit_is_incomplete():
    assert made(objective="maximize throughput").missing() == ["latency limit"]


def test_latency_without_throughput_is_incomplete():
    assert made(objective="minimize p99").missing() == []
    assert "throughput" in made([row(1, 1, throughput_rps=None)], "minimize p99").missing()


def test_a_mean_is_no_percentile():
    rows = [row(1, 1, latency_mean_ms=0.2, latency_mean_ms_lo=0.19, latency_mean_ms_hi=0.21)]
    assert made(rows, "maximize throughput subject to latency_mean <= 1 ms").missing() == ["percentile"]


def test_a_device_that_says_only_its_kind_is_no_hardware():
    assert made([row(1, 1, device="cuda")]).missing() == ["hardware"]
    assert made([row(1, 1, device="cpu")]).content["stated"]["hardware"] == "A processor, 4 threads"


@pytest.mark.parametrize(
    ("place", "latency", "policy", "load"),
    [
        (
            {},
            "call latency (no waiting for a batch or a worker)",
            "every call a batch of 4",
            "closed loop, 1 call in flight",
        ),
        (
            {"mode": "serving", "max_wait_ms": 2.0, "workers": 2, "queue_limit": 100, "think_ms": 5.0},
            "system latency (what a caller waits)",
            "batches of up to 4, waiting up to 2.00 ms, 2 workers, at most 100 waiting",
            "closed loop, 1 client in flight, thinking for 5.00 ms",
        ),
        (
            {"mode": "serving", "load": "poisson", "request_rate_rps": 500.0, "concurrency": None, "max_wait_ms": 0.0},
            "system latency (what a caller waits)",
            "batches of up to 4, waiting up to 0 ms",
            "open loop, Poisson arrivals, 500 requests/s",
        ),
        ({"mode": "serving"}, "system latency (what a caller waits)", None, "closed loop, 1 client in flight"),
        ({"mode": None}, "system latency (what a caller waits)", "batch size 4", "closed loop, 1 call in flight"),
        ({"mode": None, "latency_basis": None}, None, "batch size 4", "closed loop, 1 call in flight"),
    ],
)  # fmt: skip
def test_policy_load_and_latency_are_told_in_words(place, latency, policy, load):
    each = 1 if place.get("mode") == "serving" else 4  # requests that one of 5000 samples stands for, at 4000/s
    stated = made([row(4) | {"duration_s": 1.25 * each} | place]).content["stated"]
    assert (stated["latency"], stated["batch policy"], stated["load"]) == (latency, policy, load)


def test_a_model_latency_says_so_and_names_its_clock():
    rows = [row(1, 1, model_p99_ms=0.1, model_p99_ms_lo=0.09, model_p99_ms_hi=0.11)]
    stated = made(rows, "minimize model_p99").content["stated"]
    assert (stated["latency"], stated["clock"]) == ("model latency", "host")


def test_what_was_simulated_is_marked():
    found = made(grid(source="tradeoff.simulate"))
    assert found.content["marks"] == ["SIMULATED"]
    assert "simulated from what was measured on 2026-11-20" in found.sentence()


def test_a_limit_that_nobody_meets_is_a_claim_and_says_so():
    found = made(objective="maximize throughput subject to p99 <= 0.1 ms")
    assert (found.verdict, found.content["marks"]) == ("infeasible", ["INFEASIBLE"])
    assert found.sentence().startswith("No measured point of softmax (numpy, float32) on A processor meets 'maximize")
    assert "the nearest, batch 1 × concurrency 1, has throughput" in found.sentence()
    assert found.content["constraints"][0]["verdict"] == "missed"


def test_an_interval_that_holds_the_limit_is_undecided():
    found = made([row(1, 1)], "maximize throughput subject to p99 <= 0.31 ms")
    assert (found.verdict, found.content["marks"]) == ("undecided", ["UNDECIDED"])
    assert "an interval holds the limit, so it is undecided" in found.sentence()


def test_a_better_point_that_is_undecided_is_named():
    found = made(objective="maximize throughput subject to p99 <= 1.81 ms")
    assert found.content["contender"]["place"] == "batch 8 × concurrency 2"


WRONG = {
    "no points": ([], OBJECTIVE, "there are no points: measure some first"),
    "all failed": ([row(1, 1, status="failed")], OBJECTIVE, "the only point failed: see the column 'reason'"),
    "no metric": (None, "maximize tokens_per_s", "no point has a tokens_per_s: it was not measured"),
    "no column": (None, "maximize beauty", "no column 'beauty'"),
    "contradiction": (None, "maximize throughput subject to p99 <= 1 ms and p99 >= 2 ms", "exclude each other"),
    "no support": (
        [row(1, 1, n=200, duration_s=0.2)],
        "maximize throughput subject to p999 <= 9 ms",
        "no point has a latency_p999_ms: p999 takes 1000 independent samples, and 3688 for its interval",
    ),
    "several groups": ([row(), row(dtype="float16")], OBJECTIVE, "must not be pooled"),
    "not there": (None, f"{OBJECTIVE} at concurrency 3", "nothing was measured at concurrency 3"),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_mistake_has_its_own_sentence(case):
    rows, objective, said = WRONG[case]
    with pytest.raises(ObjectiveError, match=re.escape(said)):
        made(rows, objective)


def test_arguments_that_cannot_be_used():
    with pytest.raises(TypeError, match="run is list, not a Run or a frame of points"):
        claim([], OBJECTIVE)
    with pytest.raises(TypeError, match="objective must be text"):
        claim(run(), 5)
    for wrong in ("tomorrow", 5, "2026-13-01"):
        with pytest.raises(ValueError, match="date must be a date, such as '2026-11-24'"):
            claim(run(), OBJECTIVE, date=wrong)


def test_the_date_may_be_given():
    for given in ("2026-11-24", date(2026, 11, 24), datetime(2026, 11, 24, 12)):
        assert claim(run(), OBJECTIVE, date=given).content["date"] == "2026-11-24"


def test_one_point_is_one_row():
    twice = run([row(1, 1), row(1, 1)])
    assert claim(twice, OBJECTIVE).content["points"] == 1
    with pytest.raises(ClaimError, match="has several rows that differ"):
        claim(run([row(1, 1), row(1, 1, n=6000)]), OBJECTIVE)


def test_names_that_look_alike_once_they_are_cut_are_kept_apart():
    rows = [row(workload="/srv/a/llama"), row(2, workload="/srv/b/llama")]
    found = made(rows, 'minimize p99 at workload "/srv/a/llama"')
    assert found.content["objective"] == "minimize p99 at workload llama"
    assert len(found.points) == 1


def test_a_column_whose_name_takes_quotes_can_be_claimed():
    rows = [row() | {"my rack": "r1"}, row(2) | {"my rack": "r2"}]
    found = made(rows, Objective("minimize", "p99", at=(Setting("my rack", "r1"),)))
    assert found.content["objective"] == 'minimize p99 at "my rack" "r1"'
    assert str(found.objective) == found.content["objective"]


def test_only_what_the_answer_competes_with_is_published():
    rows = [*grid(), *grid(dtype="float16"), row(16, 1, status="failed", throughput_rps=None, latency_p99_ms=None)]
    found = claim(run(rows), f"{OBJECTIVE} at dtype float32")
    assert set(found.points["dtype"]) == {"float32"}
    assert len(found.points) == len(grid()) + 1


def test_a_column_of_ones_own_can_be_claimed():
    rows = [one | {"joules": float(n), "host": "gpu-box-17"} for n, one in enumerate(grid())]
    found = claim(run(rows), "minimize joules subject to p99 <= 2 ms")
    assert found.content["value"]["value"] == 0.0
    assert "joules" in found.points
    assert "host" not in found.points
    assert found.axes == ("latency_p99_ms", "throughput_rps")
    assert "interval" in found.missing()


def test_the_order_of_rows_says_nothing():
    points = run().points
    shuffled = points.sample(frac=1.0, random_state=1)
    assert claim(Run(points, environment=ENVIRONMENT), OBJECTIVE).document() == (
        claim(Run(shuffled, environment=ENVIRONMENT), OBJECTIVE).document()
    )


def test_infinities_and_holes_are_no_trouble():
    rows = [*grid(), row(32, 1, latency_p99_ms=np.inf, latency_p99_ms_hi=np.inf), row(64, 1, throughput_rps=np.nan)]
    found = made(rows)
    assert found.verdict == "feasible"
    json.dumps(found.document(), allow_nan=False)


def test_the_source_is_hashed_and_named_only_when_asked(tmp_path):
    assert made().content["source"]["name"] is None
    file = tmp_path / "results.json"
    file.write_text("abc")
    named = made(source=file).content["source"]
    # SHA-256 of "abc", from FIPS 180-4's own example.
    assert named == {
        "name": str(file), "of": "file",
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }  # fmt: skip
    assert made(source="run 17").content["source"]["name"] == "run 17"
    run().save(tmp_path / "run")
    whole = made(source=tmp_path / "run").content["source"]
    assert whole["of"] == "folder"
    (tmp_path / "run" / "notes.txt").write_text("somebody else's")
    assert made(source=tmp_path / "run").content["source"] == whole
    (tmp_path / "run" / "environment.json").write_text("{}")
    assert made(source=tmp_path / "run").content["source"] != whole
    (tmp_path / "folder").mkdir()
    for wrong in (tmp_path / "folder", 5, ""):
        with pytest.raises(ValueError, match="source"):
            made(source=wrong)


def test_the_public_names():
    assert tradeoff.claim is claim
    assert isinstance(tradeoff.claim(run(), OBJECTIVE), tradeoff.Claim)


def test_findings_are_those_of_the_point(monkeypatch):
    point = made().content["point"]["point_id"]
    found = pd.DataFrame({
        "point_id": [point, "another"], "check": ["errors", "errors"], "severity": ["warning", "error"],
        "observed": [0.25, 1.0], "expected": [np.nan, 0.0], "sentence": ["Some failed: /srv/x/y.", "All failed."],
    })  # fmt: skip
    monkeypatch.setattr(findings, "audit", lambda run: found)
    audited = made()
    assert audited.findings == [
        {"check": "errors", "severity": "warning", "observed": "0.25", "expected": "", "sentence": "Some failed: y."}
    ]
    assert audited.content["marks"] == []
    monkeypatch.setattr(findings, "audit", lambda run: found.iloc[:0])
    assert made().findings == []
    monkeypatch.setattr(findings, "audit", lambda run: found.assign(severity="error"))
    assert made().content["marks"] == ["CONTRADICTORY"]


def test_a_point_that_contradicts_itself_is_marked():
    # Little's law: 8 000 calls a second that take 1.8 ms each are 14 in flight, and 2 were.
    found = made(
        [row(1, 2) | {"calls_per_s": 8000.0, "throughput_rps": 8000.0, "latency_mean_ms": 1.8, "duration_s": 0.625}],
        "minimize p99",
    )
    assert "CONTRADICTORY" in found.content["marks"]
    assert any(one["severity"] == "error" for one in found.findings)


def test_requests_that_were_turned_away_are_told():
    found = made([row(1, 1, n_errors=5000)])
    assert found.content["turned_away"] == "Of its requests 50 % failed: they are in no percentile."


def test_how_many_samples_settle_it_is_told():
    found = made([row(1, 1)], "maximize throughput subject to p99 <= 0.31 ms")
    assert found.content["further_samples"] > 0
    assert f"at least {found.content['further_samples']:,} more samples".replace(",", "\u202f") in found.sentence()


def busy(**more):
    return grid(**{"flags": ["machine_busy"], "foreign_load": 0.48, "cpu_us_per_request": 80.0} | more)


def test_a_claim_from_a_busy_machine_says_so_everywhere(tmp_path):
    found = made(busy())
    assert found.content["marks"] == ["BUSY MACHINE"]
    assert found.sentence().endswith("; measured on a busy machine on 2026-11-20.")
    assert found.content["stated"]["machine load"] == "busy: other processes took 48 % of the cores' time"
    assert "Mind: it was measured on a busy machine" in found.content["decision"]
    assert [one["check"] for one in found.content["findings"]].count("machine_busy") == 1
    folder = found.save(tmp_path / "rfc")
    for name in ("claim.md", "claim.json", "figure.html"):
        assert "BUSY MACHINE" in (folder / name).read_text(encoding="utf-8"), name
    assert tradeoff.read_claim(folder / "claim.json").content["marks"] == ["BUSY MACHINE"]


def test_what_is_known_of_the_machines_load_is_stated_and_what_never_was_known_is_not_missed():
    quiet = made(grid(foreign_load=0.003))
    assert quiet.content["stated"]["machine load"] == "quiet: other processes took 0.3 % of the cores' time"
    assert quiet.content["marks"] == []
    silent = made(grid(flags=["host_load_unknown"]))
    assert silent.content["stated"]["machine load"] == "unknown, for the system does not say"
    assert "machine load" not in made().content["stated"]
    assert made().missing() == []


def test_a_point_measured_in_part_is_marked_and_said():
    found = made([row(1, 1, status="partial")])
    assert "PARTIAL" in found.content["marks"]
    assert "measured in part" in found.sentence()
    assert "--resume" in found.content["decision"]
