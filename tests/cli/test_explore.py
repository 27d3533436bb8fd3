import pytest

from tests.explorer.runs import grid_run


def test_the_page_lies_in_the_run_folder(tradeoff_command, run_folder):
    result = tradeoff_command("explore", run_folder)
    assert result.exit_code == 0, result.output
    page = run_folder / "explorer.html"
    assert str(page) in result.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert tradeoff_command("decide", run_folder, "maximize throughput").exit_code == 0


def test_the_page_may_lie_elsewhere(tradeoff_command, run_folder, tmp_path):
    result = tradeoff_command("explore", run_folder, "--out", tmp_path / "page.html", "--title", "<script>x</script>")
    assert result.exit_code == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>x</script>" not in text
    assert not (run_folder / "explorer.html").exists()


@pytest.mark.parametrize("name", ["page.pdf", "no such folder/page.html", "folder.html"])
def test_a_page_that_cannot_be_written_is_named(tradeoff_command, run_folder, tmp_path, name):
    (tmp_path / "folder.html").mkdir()
    result = tradeoff_command("explore", run_folder, "--out", tmp_path / name)
    assert result.exit_code == 2
    assert str(tmp_path / name) in result.stderr


def test_a_run_without_points_is_a_sentence(tradeoff_command, tmp_path):
    run = grid_run()
    type(run)(run.points.iloc[:0], run.samples.iloc[:0], run.environment).save(tmp_path / "run")
    result = tradeoff_command("explore", tmp_path / "run")
    assert result.exit_code == 2
    assert result.stderr.strip()


def test_a_page_opens_with_an_objective_and_another_run(tradeoff_command, run_folder, tmp_path):
    grid_run(sizes=3).save(tmp_path / "before")
    asked = "maximize throughput subject to p99 <= 0.8 ms"
    result = tradeoff_command("explore", run_folder, "--objective", asked, "--before", tmp_path / "before")
    assert result.exit_code == 0, result.output
    text = (run_folder / "explorer.html").read_text(encoding="utf-8")
    assert "maximize throughput subject to p99 \\u003c= 0.8 ms" in text
    assert '"matches":[0]' in text


def test_an_objective_that_cannot_be_read_is_shown_with_a_caret(tradeoff_command, run_folder):
    result = tradeoff_command("explore", run_folder, "--objective", "maximize throughput subject to p9 <= 1 ms")
    assert result.exit_code == 2
    assert "no column 'p9'" in result.stderr
    assert "^^" in result.stderr
    assert not (run_folder / "explorer.html").exists()
    assert tradeoff_command("explore", run_folder, "--before", run_folder / "nowhere").exit_code == 2
