import pytest

import tradeoff
from tests.serving.test_calibration import as_if_served, gamma


@pytest.fixture
def served(tmp_path):
    as_if_served(gamma, request_rate=[100, 200]).save(tmp_path / "served")
    return tmp_path / "served"


def test_a_row_for_each_load_and_a_page(tradeoff_command, served):
    result = tradeoff_command("calibrate", served)
    assert result.exit_code == 0, result.output
    assert "2 of 2 points below 80 % busy agree" in result.stdout
    assert result.stdout.count("requests/s") == 2
    assert "2 of 2 points" in (served / "calibration.html").read_text(encoding="utf-8")
    assert tradeoff.read(served).points["source"].tolist() == ["tradeoff.serve"] * 2, "the page does not spoil the Run"


def test_what_cannot_be_told_is_a_no(tradeoff_command, tmp_path):
    run = as_if_served(gamma, request_rate=100)
    p99, unknown = run.points["latency_p99_ms"], float("nan")
    points = run.points.assign(
        latency_p99_ms=p99 * 0.7, latency_p99_ms_lo=p99 * 0.6, latency_p99_ms_hi=unknown, latency_p95_ms=unknown,
        latency_p90_ms=unknown,
    )  # fmt: skip
    type(run)(points, run.samples).save(tmp_path / "served")
    result = tradeoff_command("calibrate", tmp_path / "served", "--out", tmp_path / "page.html")
    assert result.exit_code == 1
    assert "cannot" in result.stdout
    assert (tmp_path / "page.html").is_file()


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--draws", "2"), "draws must be"), (("--seed", "-1"), "seed must be"), (("--out", "page.pdf"), ".html")],
)
def test_misuse_is_a_sentence(tradeoff_command, served, options, said):
    result = tradeoff_command("calibrate", served, *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_run_that_was_not_served_is_a_sentence(tradeoff_command, run_folder):
    result = tradeoff_command("calibrate", run_folder)
    assert result.exit_code == 2
    assert "holds nothing to compare" in result.stderr
