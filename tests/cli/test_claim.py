import json

import pytest

from tests.claim.runs import OBJECTIVE, grid, row, run
from tradeoff.claim.pictures import NoPictureError, Pictures
from tradeoff.frames import Run, make_points

FILES = "claim.json, claim.md, figure.html, points.csv"


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch):
    def refuse(self):
        raise NoPictureError("there is no browser: kaleido_get_chrome installs one")

    monkeypatch.setattr(Pictures, "_open", refuse)


@pytest.fixture
def folder(tmp_path):
    run().save(tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("words", [(), ("save",)])
def test_a_claim_is_written(tradeoff_command, folder, tmp_path, words):
    result = tradeoff_command("claim", *words, folder, OBJECTIVE, "--out", tmp_path / "rfc", "--date", "2026-11-24")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("softmax (numpy, float32) on A processor: throughput 11 300 requests/s")
    assert f"{tmp_path / 'rfc'}: {FILES}\n" in result.stdout
    said = "figure.svg and figure.png are not here, for there is no browser: kaleido_get_chrome installs one;"
    assert result.stderr.startswith(said)
    assert json.loads((tmp_path / "rfc" / "claim.json").read_text("utf-8"))["claim"]["date"] == "2026-11-24"


def test_options_may_come_first(tradeoff_command, folder, tmp_path):
    result = tradeoff_command("claim", "--out", tmp_path / "rfc", "--pdf", "--dark", folder, OBJECTIVE)
    assert result.exit_code == 0, result.output
    assert "figure.pdf" in result.stderr
    assert "figure-dark.png" in result.stderr


def test_it_lies_in_the_run_folder_unless_told_otherwise(tradeoff_command, folder):
    assert tradeoff_command("claim", folder, OBJECTIVE).exit_code == 0
    assert tradeoff_command("claim", "show", folder / "claim" / "claim.md").exit_code == 0
    assert tradeoff_command("decide", folder, OBJECTIVE).exit_code == 0


@pytest.mark.parametrize("limit", ["0.01 ms", "1.85 ms"])
def test_whatever_the_verdict_a_claim_is_a_document(tradeoff_command, folder, limit):
    assert tradeoff_command("claim", folder, f"maximize throughput subject to p99 <= {limit}").exit_code == 0


def test_show_verifies_every_file(tradeoff_command, folder, tmp_path):
    tradeoff_command("claim", folder, OBJECTIVE, "-o", tmp_path / "rfc")
    files = sorted((tmp_path / "rfc").iterdir())
    result = tradeoff_command("claim", "show", *files)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("Verified: ") == len(files) == 4
    assert "softmax (numpy, float32)" in result.stdout
    assert result.stderr == ""


def test_show_finds_a_changed_cell(tradeoff_command, folder, tmp_path):
    tradeoff_command("claim", folder, OBJECTIVE, "-o", tmp_path / "rfc")
    file = tmp_path / "rfc" / "claim.json"
    document = json.loads(file.read_text("utf-8"))
    column = [one["name"] for one in document["data"]["columns"]].index("throughput_rps")
    document["data"]["rows"][3][column] += 1
    file.write_text(json.dumps(document), "utf-8")
    result = tradeoff_command("claim", "show", file, tmp_path / "rfc" / "claim.md")
    assert result.exit_code == 1
    assert f"NOT VERIFIED: {file}" in result.stdout
    assert "Verified: " in result.stdout
    assert f"{file}: the data were changed" in result.stderr


def test_a_claim_that_cannot_be_read_any_more_is_not_verified(tradeoff_command, folder, tmp_path):
    tradeoff_command("claim", folder, OBJECTIVE, "-o", tmp_path / "rfc")
    file = tmp_path / "rfc" / "claim.json"
    file.write_text(file.read_text("utf-8").replace('"feasible"', '"great"'), "utf-8")
    result = tradeoff_command("claim", "show", file)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"NOT VERIFIED. {file}: the claim inside does not follow its schema: claim.verdict")


@pytest.mark.parametrize(
    "words", [("show",), (), ("run",), ("show", "nowhere.json"), ("show", "."), ("nowhere", OBJECTIVE)]
)
def test_misuse_is_a_sentence(tradeoff_command, words):
    result = tradeoff_command("claim", *words)
    assert result.exit_code == 2
    assert result.output.strip()
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("objective", "options", "said"),
    [
        ("maximize thoughput", (), "did you mean throughput"),
        (OBJECTIVE, ("--date", "tomorrow"), "date must be a date"),
        ("maximize throughput subject to p99 <= 1 ms and p99 >= 2 ms", (), "exclude each other"),
        ("maximize tokens_per_s", (), "no point has a tokens_per_s"),
    ],
)
def test_a_question_that_cannot_be_asked(tradeoff_command, folder, tmp_path, objective, options, said):
    result = tradeoff_command("claim", folder, objective, "--out", tmp_path / "rfc", *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "rfc").exists()


def test_empty_and_failed_runs_are_sentences(tradeoff_command, tmp_path):
    Run(make_points([])).save(tmp_path / "empty")
    run([row(status="failed")]).save(tmp_path / "failed")
    for name, said in (("empty", "there are no points: measure some first"), ("failed", "the only point failed")):
        result = tradeoff_command("claim", tmp_path / name, OBJECTIVE)
        assert result.exit_code == 2
        assert said in result.stderr


def test_what_is_there_is_not_written_over_unasked(tradeoff_command, folder, tmp_path):
    tradeoff_command("claim", folder, OBJECTIVE, "--out", tmp_path / "rfc")
    other = ("claim", folder, "minimize p99", "--out", tmp_path / "rfc")
    result = tradeoff_command(*other)
    assert result.exit_code == 2
    assert "holds another claim" in result.stderr
    assert tradeoff_command(*other, "--overwrite").exit_code == 0


def test_a_source_is_named_only_when_asked(tradeoff_command, folder, tmp_path):
    tradeoff_command("claim", folder, OBJECTIVE, "--out", tmp_path / "quiet")
    tradeoff_command("claim", folder, OBJECTIVE, "--out", tmp_path / "named", "--source", folder)
    for name, times in (("quiet", 0), ("named", 1)):
        source = json.loads((tmp_path / name / "claim.json").read_text("utf-8"))["claim"]["source"]
        assert (source["name"] == str(folder)) == times


def test_strange_names_are_plain_text(tradeoff_command, tmp_path):
    run(grid(workload="\x1b[2J[red]</script>")).save(tmp_path / "run")
    result = tradeoff_command("claim", tmp_path / "run", OBJECTIVE)
    assert "\x1b" not in result.output
    assert "[red]</script>" in result.stdout
