import pytest

import tradeoff
from tradeoff.frames import Run, make_points


@pytest.mark.parametrize(
    ("objective", "verdict", "status"),
    [
        ("maximize throughput subject to p99 <= 20 ms", "feasible", 0),
        ("maximize throughput subject to p99 <= 0.001 ms", "infeasible", 1),
        ("maximize throughput subject to p99 <= 0.325 ms", "undecided", 1),
    ],
)
def test_the_verdict_is_the_exit_status(tradeoff_command, run_folder, objective, verdict, status):
    result = tradeoff_command("decide", run_folder, objective)
    assert result.exit_code == status
    assert result.stdout.startswith(f"{objective}: {verdict}\n")


def test_a_mistake_in_the_objective_is_pointed_at(tradeoff_command, run_folder):
    result = tradeoff_command("decide", run_folder, "maximize thoughput")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "did you mean throughput" in result.stderr
    assert "         ^^^^^^^^^" in result.stderr


def test_a_file_that_is_not_a_run_is_named(tradeoff_command, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path / "nowhere", tmp_path, tmp_path / "notes.txt"):
        result = tradeoff_command("decide", path, "maximize throughput")
        assert result.exit_code == 2
        assert str(path) in result.stderr


def test_a_damaged_file_is_named(tradeoff_command, run_folder):
    (run_folder / "points.parquet").write_bytes(b"not parquet")
    result = tradeoff_command("decide", run_folder, "maximize throughput")
    assert result.exit_code == 2
    assert str(run_folder / "points.parquet") in result.stderr


def test_a_hostile_name_is_text(tradeoff_command, tmp_path):
    rows = [
        {"workload": name, "batch_size": 1, "n": 9, "throughput_rps": 1.0, "status": "converged"}
        for name in ("\x1b[2J[red]</script>", "softmax")
    ]
    Run(make_points(rows)).save(tmp_path / "run")
    result = tradeoff_command("decide", tmp_path / "run", "maximize throughput")
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert "[red]</script>" in result.stderr


def test_requests_are_held_to_an_slo(tradeoff_command, tmp_path):
    asked = {"max_batch_size": [1, 8], "request_rate": 100, "n_requests": 4000, "replications": 3}
    tradeoff.simulate(lambda size: 4.0 + size, **asked, keep_samples=True).save(tmp_path / "run")
    objective = "max goodput subject to attainment >= 95 %"
    found = tradeoff_command("decide", tmp_path / "run", objective, "--slo", "latency < 11 ms")
    assert found.exit_code == 0, found.stderr
    assert "SLO attainment 98" in found.stdout
    assert "of latency <= 11 ms" in found.stdout
    found = tradeoff_command("decide", tmp_path / "run", objective)
    assert found.exit_code == 2
    assert "--slo 'latency <= 20 ms'" in found.stderr
