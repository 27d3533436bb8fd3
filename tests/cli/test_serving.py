import sys

import pytest

import tradeoff
from tradeoff.serving.virtual import engine


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
    assert "not isolated" not in result.stdout, "a note is no warning"
    assert tradeoff.replay(tradeoff.read(tmp_path / "served"))["same"].all()


def test_what_a_row_cannot_bear_stands_beside_it(tradeoff_command):
    result = tradeoff_command("serve", "softmax", "-b", "1", "-r", "50", "--duration-s", "0.3")
    assert "budget, too few samples" in " ".join(result.stdout.split())


def test_drive_asks_a_function_of_a_module(tradeoff_command, tmp_path, monkeypatch):
    (tmp_path / "my_client.py").write_text("async def send(number):\n    return number\n")
    monkeypatch.chdir(tmp_path)
    result = tradeoff_command("drive", "my_client:send", "-c", "2", "--duration-s", "0.2")
    assert result.exit_code == 0, result.stderr
    assert "2 clients" in result.stdout


CTRL_C = """
import asyncio, os, signal

calls = []

def press_ctrl_c():
    calls.append(None)
    if len(calls) == 40:
        os.kill(os.getpid(), signal.SIGINT)

def workload(batch):
    press_ctrl_c()

async def send(number):
    press_ctrl_c()
"""


@pytest.mark.parametrize("words", [("serve", "stopped:workload", "-b", "1"), ("drive", "stopped:send")], ids=str)
def test_ctrl_c_keeps_what_was_measured(tradeoff_command, tmp_path, monkeypatch, words):
    (tmp_path / "stopped.py").write_text(CTRL_C)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "stopped", raising=False)
    result = tradeoff_command(*words, "-r", "100,200", "--duration-s", "600", "--out", "kept")
    assert result.exit_code == 130, result.output
    assert "stopped at point 1 of 2" in result.stderr
    assert "Saved in kept" in result.stdout
    assert len(tradeoff.read(tmp_path / "kept").samples) > 20


@pytest.mark.parametrize("words", [("serve", "stopped:workload", "-b", "1"), ("drive", "stopped:send")], ids=str)
def test_ctrl_c_without_a_folder_says_that_nothing_was_saved(tradeoff_command, tmp_path, monkeypatch, words):
    (tmp_path / "stopped.py").write_text(CTRL_C)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "stopped", raising=False)
    result = tradeoff_command(*words, "-r", "100,200", "--duration-s", "600")
    assert result.exit_code == 130, result.output
    assert "what was measured is printed below" in result.stderr
    assert "It was not saved; --out FOLDER keeps" in result.stderr
    assert "returned" not in result.output


def test_ctrl_c_keeps_whole_replications(tradeoff_command, run_folder, tmp_path, monkeypatch):
    see, seen = engine.see, []

    def once(*arguments, **options):
        seen.append(None)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return see(*arguments, **options)

    monkeypatch.setattr(engine, "see", once)
    result = tradeoff_command(
        "simulate", run_folder, "-b", "1", "-r", "20", "--n-requests", "500", "--out", tmp_path / "kept"
    )
    assert result.exit_code == 130, result.output
    assert "stopped after 2 replications of 5" in result.stderr
    assert tradeoff.read(tmp_path / "kept").points["replicates"].tolist() == [2]


@pytest.mark.parametrize(
    ("out", "said"),
    [("run", "holds a Run already"), ("file/run", "Not a directory"), (" ", "--out takes the path of a folder")],
)
def test_where_nothing_can_be_kept_nothing_is_measured(tradeoff_command, run_folder, tmp_path, monkeypatch, out, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    for words in (("serve", "softmax"), ("simulate", run_folder)):
        result = tradeoff_command(*words, "-b", "1", "-r", "20", "--out", out)
        assert result.exit_code == 2
        assert said in result.stderr
        assert "requests/s" not in result.output


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
        (("-b", "1", "-r", "5,5"), "--request-rate=5, --max-wait-ms=0, --workers=1 is asked for twice"),
        (("-b", "1", "-r", "5", "--n-requests", "999999999999"), "--n-requests must be"),
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
