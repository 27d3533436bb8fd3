import pytest

import tradeoff


def test_simulate_prints_a_row_for_each_system(tradeoff_command, run_folder, tmp_path):
    result = tradeoff_command(
        "simulate", run_folder, "-b", "1,2", "--request-rate", "100,1e9", "--max-wait-ms", "0.5", "--n-requests", "500",
        "--replications", "2", "--out", tmp_path / "simulated",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("saturated: ") == 2
    assert "budget" in result.stdout
    assert len(tradeoff.read(tmp_path / "simulated").points) == 4


def test_nothing_that_bears_its_load_is_a_no(tradeoff_command, run_folder):
    result = tradeoff_command("simulate", run_folder, "-b", "1", "-r", "1e9", "--n-requests", "100")
    assert result.exit_code == 1
    assert "full batches serve" in result.stdout


def test_serve_and_keep(tradeoff_command, tmp_path):
    result = tradeoff_command(
        "serve", "softmax", "-b", "2", "-c", "2", "--duration-s", "0.3", "--out", tmp_path / "served"
    )
    assert result.exit_code == 0, result.stderr
    assert "2 clients" in result.stdout
    assert tradeoff.replay(tradeoff.read(tmp_path / "served"))["same"].all()


def test_drive_asks_a_function_of_a_module(tradeoff_command, tmp_path, monkeypatch):
    (tmp_path / "my_client.py").write_text("async def send(number):\n    return number\n")
    monkeypatch.chdir(tmp_path)
    result = tradeoff_command("drive", "my_client:send", "-c", "2", "--duration-s", "0.2")
    assert result.exit_code == 0, result.stderr
    assert "2 clients" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-b", "0", "-r", "5"), "--max-batch-size takes whole numbers"),
        (("-b", "1"), "who asks?"),
        (("-b", "1", "-r", "five"), "--request-rate takes numbers"),
        (("-b", "1", "-r", "-5"), "--request-rate must be"),
        (("-b", "1", "-c", "2", "-r", "5"), "give --request-rate (open loop) or --concurrency (closed loop), not both"),
        (("-b", "1", "-r", "5", "--queue-limit", "x"), "--queue-limit takes whole numbers"),
        (("-b", "1", "-r", "5", "--max-wait-ms", "-1"), "--max-wait-ms must be ms"),
        (("-b", "1", "-r", "5", "--formation", "both"), "--formation must be one of"),
        (("-b", "512", "-r", "5"), "larger than the largest batch"),
        (("-b", "1", "-r", "5", "--load", "gamma"), "--load='gamma' needs more than its name"),
    ],
)
def test_misuse_is_one_sentence(tradeoff_command, run_folder, words, said):
    result = tradeoff_command("simulate", run_folder, *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_send_that_is_no_path(tradeoff_command):
    result = tradeoff_command("drive", "send", "-c", "1")
    assert result.exit_code == 2
    assert "package.module:function" in result.stderr
