"""``--json``: one strict JSON document on standard output, whatever a file holds, and the same exit status."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from tests.explorer.runs import grid_run
from tests.tail.planted import PLANTED, made
from tradeoff.cli.as_json import plain
from tradeoff.frames import Run

HOSTILE = '\x1b[2J\x9b\x7f\u202e</script>\ud83d\n"[red]'
ASKED = "max rps where p99 < 0.8 ms"


def document(result):
    """Read the output as strictly as a reader can."""
    assert all(character.isprintable() or character == "\n" for character in result.stdout)
    assert result.stdout.isascii()
    assert result.stderr == ""
    return json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json") / "run"
    made(PLANTED["wait limit"], 0, 3000).save(folder)
    return folder


@pytest.mark.parametrize("limit", ["0.8 ms", "0.001 ms", "0.325 ms"])
def test_decide(tradeoff_command, run_folder, limit):
    asked = f"max rps where p99 < {limit}"
    plainly, result = (tradeoff_command("decide", run_folder, asked, *more) for more in ((), ("--json",)))
    found = document(result)
    assert result.exit_code == plainly.exit_code
    assert plainly.stdout.splitlines()[0] == f"{found['objective']['text']}: {found['verdict']}"
    assert found["sentence"].split() == plainly.stdout.split("\n", 1)[1].split()
    assert found["objective"]["metric"] == "throughput_rps"
    (constraint,) = found["objective"]["constraints"]
    assert constraint == {"metric": "latency_p99_ms", "comparison": "<=", "limit": float(limit.split()[0])}
    points = grid_run().points.set_index("point_id")
    row = points.loc[found["point"]["point_id"]]
    assert found["point"]["identity"]["batch_size"] == row["batch_size"]
    ends = {"value": row["latency_p99_ms"], "lo": row["latency_p99_ms_lo"], "hi": row["latency_p99_ms_hi"]}
    assert found["point"]["values"]["latency_p99_ms"] == pytest.approx(ends)
    assert (found["shortfall"] is not None) == (found["verdict"] == "infeasible")
    assert (found["runner_up"] is not None) == (found["verdict"] == "feasible")


def test_audit(tradeoff_command, run_folder):
    plainly, result = (tradeoff_command("audit", run_folder, "--fail-on", "info", *more) for more in ((), ("--json",)))
    found = document(result)
    assert result.exit_code == plainly.exit_code
    assert plainly.stdout.startswith(found["sentence"])
    assert found["points"] == len(grid_run().points)
    assert found["findings"]
    for one in found["findings"]:
        assert set(one) == {"point_id", "check", "severity", "observed", "expected", "sentence"}


def test_compare(tradeoff_command, run_folder, tmp_path):
    run = grid_run()
    slower = run.points.assign(**{c: run.points[c] * 2 for c in run.points if c.startswith("latency_p")})
    Run(points=slower).save(tmp_path / "slower")
    for other, verdict, status in ((run_folder, "not_separable", 0), (tmp_path / "slower", None, 1)):
        result = tradeoff_command("compare", run_folder, other, ASKED, "--json")
        found = document(result)
        assert result.exit_code == status
        assert verdict is None or found["verdict"] == verdict
        assert {"metric", "ratio", "lo", "hi"} <= set(found["changes"][0])
        assert found["before"]["point"]["values"]["throughput_rps"]["value"] == found["before"]["value"]
        assert set(found["ratio"]) == {"value", "lo", "hi"}


def test_tail(tradeoff_command, served):
    found = document(result := tradeoff_command("tail", served, "--q", "p99", "--json"))
    assert result.exit_code == 0
    assert (found["named"], found["q"], found["what_if"], found["reason"]) == (["wait limit"], 0.99, None, None)
    assert sum(stage["difference_ms"] for stage in found["stages"]) == pytest.approx(found["extra_ms"])
    assert document(tradeoff_command("tail", served, "--what-if", "--json"))["what_if"].startswith("Halving")


def test_too_little_to_tell_is_a_document_too(tradeoff_command, run_folder):
    result = tradeoff_command("tail", run_folder, "--q", "p99.9", "--json")
    assert result.exit_code == tradeoff_command("tail", run_folder, "--q", "0.999").exit_code
    if result.exit_code == 1:
        assert document(result)["reason"]


def test_strangers_words_are_escaped(tradeoff_command, tmp_path):
    text = HOSTILE.replace("\ud83d", "🙂")
    points = grid_run().points.assign(workload=text, latency_p99_ms_hi=np.nan, reason=text)
    points["throughput_rps_hi"] = np.inf
    Run(points=points).save(tmp_path / "run")
    for words in (("decide", tmp_path / "run", "max rps"), ("audit", tmp_path / "run"),
                  ("compare", tmp_path / "run", tmp_path / "run", "max rps")):  # fmt: skip
        found = document(tradeoff_command(*words, "--json"))
        if words[0] == "decide":
            assert found["point"]["identity"]["workload"] == text
            values = found["point"]["values"]
            assert values["latency_p99_ms"]["hi"] is values["throughput_rps"]["hi"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("decide", "run", "max thoughput"),
        ("audit", "nowhere"),
        ("compare", "run", "nowhere", ASKED),
        ("tail", "nowhere"),
    ],
)
def test_a_mistake_is_a_sentence_on_the_other_stream(tradeoff_command, run_folder, words):
    result = tradeoff_command(*(run_folder if word == "run" else word for word in words), "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_what_there_is_no_finite_number_for_is_null():
    values = [math.nan, math.inf, -math.inf, np.float32("nan"), pd.NA, pd.NaT, None, np.datetime64("NaT")]
    assert plain(values) == [None] * len(values)
    assert plain({"a": np.int64(3), 1: np.float64(0.5), "b": np.bool_(True), "c": (np.array([1.0, np.nan]),)}) == {
        "a": 3, "1": 0.5, "b": True, "c": [[1.0, None]],
    }  # fmt: skip
    assert json.loads(json.dumps(plain({"x": HOSTILE}))) == {"x": HOSTILE}
