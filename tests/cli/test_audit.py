import csv

import pytest

from tests.audit.points import CLOSED
from tradeoff.frames import Run, make_points


@pytest.fixture
def folder(tmp_path):
    def save(*rows):
        Run(make_points(rows)).save(tmp_path / "run")
        return tmp_path / "run"

    return save


WARNED = CLOSED | {"flags": ["gil_bound"]}
WRONG = CLOSED | {"throughput_rps": 500.0, "duration_s": CLOSED["n"] / 500.0}
NOTED = CLOSED | {"device": None}


@pytest.mark.parametrize(
    ("row", "fail_on", "status"),
    [
        (CLOSED, "info", 0),
        (NOTED, "info", 1),
        (NOTED, "warning", 0),
        (WARNED, "warning", 1),
        (WARNED, "error", 0),
        (WARNED, None, 0),
        (WRONG, "error", 1),
        (WRONG, None, 1),
    ],
)
def test_the_gravest_finding_is_the_exit_status(tradeoff_command, folder, row, fail_on, status):
    options = [] if fail_on is None else ["--fail-on", fail_on]
    assert tradeoff_command("audit", folder(row), *options).exit_code == status


def test_what_is_printed(tradeoff_command, folder):
    result = tradeoff_command("audit", folder(WRONG, WRONG | {"batch_size": 16}, WARNED | {"batch_size": 32}))
    first, *rest = result.stdout.splitlines()
    assert first == "3 points: 2 errors, 1 warning."
    text = " ".join("\n".join(rest).split())
    assert "error Little's law 2 Batch" in text
    assert "warning gil bound 1 Batch 32 × concurrency 16" in text


def test_each_finding_is_printed_when_asked_for(tradeoff_command, folder):
    result = tradeoff_command("audit", folder(WRONG, WRONG | {"batch_size": 16}), "--each")
    assert result.stdout.count("Little's law") >= 2
    assert "Batch 8 × concurrency 16" in result.stdout
    assert "Batch 16 × concurrency 16" in result.stdout


def test_no_finding_and_no_point(tradeoff_command, folder):
    assert tradeoff_command("audit", folder(CLOSED)).stdout == "1 point: no finding.\n"


def test_nothing_to_audit_is_not_a_pass(tradeoff_command, folder):
    result = tradeoff_command("audit", folder())
    assert result.exit_code == 1
    assert result.stdout == "0 points: there is nothing to audit.\n"


def test_all_rows_failed(tradeoff_command, folder):
    result = tradeoff_command("audit", folder({"workload": "x", "batch_size": 1, "status": "oom", "reason": "2 GiB"}))
    assert result.exit_code == 1
    assert "It did not fit into memory (2 GiB)" in " ".join(result.stdout.split())


def test_findings_go_to_a_file(tradeoff_command, folder, tmp_path):
    out = tmp_path / "findings.csv"
    result = tradeoff_command("audit", folder(WRONG, WARNED | {"batch_size": 16}), "--out", out)
    assert f"Written to {out}." in result.stdout
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["check"] for row in rows] == ["littles_law", "gil_bound"]
    assert float(rows[0]["observed"]) == 8.0
    assert rows[1]["observed"] == ""


@pytest.mark.parametrize("out", ["findings.txt", "findings", "nowhere/findings.csv"])
def test_a_file_that_cannot_be_written_is_named(tradeoff_command, folder, tmp_path, out):
    result = tradeoff_command("audit", folder(CLOSED), "--out", tmp_path / out)
    assert result.exit_code == 2
    assert str((tmp_path / out).parent) in result.stderr


@pytest.mark.parametrize("arguments", [["nowhere"], ["run", "--fail-on", "never"], []])
def test_misuse(tradeoff_command, arguments):
    assert tradeoff_command("audit", *arguments).exit_code == 2


def test_hostile_text_is_text(tradeoff_command, folder, tmp_path):
    name = "=1+1\x1b[2J[red]</script>"
    path = folder({"workload": name, "batch_size": 1, "status": "failed", "reason": name})
    result = tradeoff_command("audit", path, "--out", tmp_path / "findings.csv")
    assert "\x1b" not in result.output
    assert "[red]</script>" in result.stdout
    assert "\x1b" not in (tmp_path / "findings.csv").read_text()
