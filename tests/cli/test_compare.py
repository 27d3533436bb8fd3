import pytest

from tests.compare.runs import LIMIT, failed, grid
from tradeoff.frames import Run


@pytest.fixture
def folder_of(tmp_path):
    def save(points, name):
        Run(points).save(tmp_path / name)
        return tmp_path / name

    return save


@pytest.mark.parametrize(
    ("after", "verdict", "status"),
    [
        ({}, "not separable", 0),
        ({"throughput": 1.5}, "better", 0),
        ({"throughput": 0.5}, "worse", 1),
        ({"throughput": 1.5, "p99": 2.0}, "mixed", 1),
    ],
)
def test_the_verdict_is_the_exit_status(tradeoff_command, folder_of, after, verdict, status):
    result = tradeoff_command("compare", folder_of(grid(), "one"), folder_of(grid(**after), "other"), LIMIT)
    assert result.exit_code == status
    assert result.stdout.startswith(f"{LIMIT}: {verdict}\n")
    assert result.stderr == ""


def test_the_sentence_its_notes_and_a_table_are_printed(tradeoff_command, folder_of):
    one, other = folder_of(grid(), "one"), folder_of(grid(throughput=1.5, p99=2), "other")
    result = tradeoff_command("compare", one, other, LIMIT)
    lines = result.stdout.splitlines()
    assert lines[1].startswith("throughput +50 %, but p99 doubled: ")
    assert "15 points are on both sides, by batch size and concurrency." in lines
    (row,) = [line.split() for line in lines if line.strip().startswith("p99 ")]
    assert row[:3] == ["p99", "+100", "%"]
    assert row[-4:] == ["15", "15", "0", "0"]


def test_rows_that_must_not_be_compared_need_a_word(tradeoff_command, folder_of):
    one, other = folder_of(grid(), "one"), folder_of(grid(device="[red]\x1b[2J"), "other")
    result = tradeoff_command("compare", one, other, LIMIT)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "say across=['device']" in result.stderr
    result = tradeoff_command("compare", one, other, LIMIT, "--across", "device")
    assert result.exit_code == 0
    assert "device a GPU before, [red]" in result.stdout
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((LIMIT, "--across", "devise"), "did you mean device"),
        (("maximize thoughput",), "         ^^^^^^^^^"),
        (("minimize ttft_p99",), "no point of before has a ttft_p99_ms"),
        ((f"{LIMIT} at concurrency 3",), "before: nothing was measured at concurrency 3"),
    ],
)
def test_misuse_is_told_in_a_sentence(tradeoff_command, folder_of, words, said):
    result = tradeoff_command("compare", folder_of(grid(), "one"), folder_of(grid(), "other"), *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr


def test_files_that_are_no_run_are_named(tradeoff_command, folder_of, tmp_path):
    result = tradeoff_command("compare", folder_of(grid(), "one"), tmp_path / "nowhere", LIMIT)
    assert result.exit_code == 2
    assert str(tmp_path / "nowhere") in result.stderr


def test_where_everything_failed_after_it_is_worse(tradeoff_command, folder_of):
    after = failed(grid(), list(range(15)))
    result = tradeoff_command("compare", folder_of(grid(), "one"), folder_of(after, "other"), LIMIT)
    assert result.exit_code == 1
    assert "every point that was measured on both sides failed after" in result.stdout


def test_live_measures_two_workloads_in_turns(tradeoff_command, monkeypatch, tmp_path):
    from tests.paired.scripted import Takes
    from tests.paired.test_measuring import scripted
    from tradeoff import paired

    asked = {}

    def measure(before, after, **how):
        asked.update(how, sides=(before, after))
        return scripted(Takes(1.05))

    monkeypatch.setattr(paired, "measure_pair", measure)
    words = ("numpy.softmax", "a.b:c", "--live", "--batch-size", "4", "--metrics", "p50,p99", "--out", tmp_path / "run")
    result = tradeoff_command("compare", *words)
    assert result.exit_code == 1
    assert result.stdout.startswith("worse\nthroughput −")
    (row,) = [line.split() for line in result.stdout.splitlines() if line.strip().startswith("p50 ")]
    assert row[-1] == "worse"
    assert asked["sides"] == ("numpy.softmax", "a.b:c")
    assert (asked["batch_size"], asked["metrics"], asked["budget"]) == (4, ["p50", "p99"], "standard")
    assert (tmp_path / "run" / "points.parquet").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("one", "other", LIMIT, "--batch-size", "4"), "--batch-size goes with --live"),
        (("one", "other"), "two Runs are compared under an objective"),
        (("one", "other", "--live", "--across", "device"), "--across goes with recorded Runs"),
        (("numpy.softmax", "numpy.softmax", "--live", "--batch-size", "0"), "--batch-size must be a whole number"),
        (("numpy.softmax", "numpy.nothing", "--live"), "nothing"),
    ],
)
def test_misuse_of_live_is_told_in_a_sentence(tradeoff_command, words, said):
    result = tradeoff_command("compare", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_live_as_json(tradeoff_command, monkeypatch):
    import json

    from tests.paired.scripted import Takes
    from tests.paired.test_measuring import scripted
    from tradeoff import paired

    monkeypatch.setattr(paired, "measure_pair", lambda before, after, **how: scripted(Takes(1.05)))
    result = tradeoff_command("compare", "one", "other", "--live", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["verdict"], told["objective"]) == (1, "worse", None)
    assert [row["metric"] for row in told["changes"]] == ["throughput", "p50", "p99"]
    assert told["before"]["p50"]["lo"] <= told["before"]["p50"]["value"] < told["after"]["p50"]["value"]
