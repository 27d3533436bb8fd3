import pytest

from tests.explorer.runs import grid_run


def test_the_page_lies_in_the_run_folder(tradeoff_command, run_folder):
    result = tradeoff_command("what-if", run_folder, "--limit-ms", "30")
    assert result.exit_code == 0, result.output
    page = run_folder / "what-if.html"
    assert str(page) in result.stdout
    assert '"limit_ms":30' in page.read_text(encoding="utf-8")
    assert tradeoff_command("decide", run_folder, "maximize throughput").exit_code == 0


@pytest.mark.parametrize("name", ["page.pdf", "no such folder/page.html", "folder.html"])
def test_a_page_that_cannot_be_written_is_named(tradeoff_command, run_folder, tmp_path, name):
    (tmp_path / "folder.html").mkdir()
    result = tradeoff_command("what-if", run_folder, "--out", tmp_path / name)
    assert result.exit_code == 2
    assert str(tmp_path / name) in result.stderr


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--limit-ms", "-3"), "limit_ms must be a number above 0; got -3"),
        (("--request-rate", "0"), "request_rate must be a number above 0; got 0"),
        (("--most-workers", "0"), "most_workers must be a whole number"),
    ],
)
def test_misuse_is_a_sentence(tradeoff_command, run_folder, option, message):
    result = tradeoff_command("what-if", run_folder, *option)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_a_run_without_samples_is_a_sentence(tradeoff_command, tmp_path):
    run = grid_run()
    type(run)(run.points, run.samples.iloc[:0], run.environment).save(tmp_path / "run")
    result = tradeoff_command("what-if", tmp_path / "run")
    assert result.exit_code == 2
    assert "without samples" in " ".join(result.stderr.split())
