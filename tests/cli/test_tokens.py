import pytest

import tradeoff

MODEL = """
class Model:
    name, backend = "mine", "python"

    def prepare(self, *, places, positions, dtype, device, seed):
        return self

    def prefill(self, prompts):
        pass

    def decode(self):
        pass

    def leave(self, numbers):
        pass
"""
WHAT = ("--prompt-tokens", "3,5", "--output-tokens", "2", "-b", "1,2")


@pytest.fixture
def served(tradeoff_command, tmp_path, monkeypatch):
    (tmp_path / "my_tokens.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    result = tradeoff_command(
        "serve-tokens", "my_tokens:Model", *WHAT, "-c", "2", "--n-requests", "40", "--memory-tokens", "16,none",
        "--out", tmp_path / "served",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "TTFT" in result.stdout
    assert "2 clients" in result.stdout
    return tmp_path / "served"


def test_serve_keep_and_replay(served):
    run = tradeoff.read(served)
    assert run.points["workload"].tolist() == ["mine"] * 4
    assert tradeoff.replay(run)["same"].all()


def test_simulate_from_what_was_served(tradeoff_command, served):
    result = tradeoff_command("simulate-tokens", served, *WHAT, "-r", "1,1e9", "--n-requests", "300")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("saturated: ") == 2
    assert result.stdout.count("budget") == 2


def test_simulate_from_a_sweep(tradeoff_command, run_folder):
    result = tradeoff_command(
        "simulate-tokens", run_folder, *WHAT, "-c", "1", "--prefill", "1,0.1", "--n-requests", "300"
    )
    assert result.exit_code == 0, result.stderr
    assert "memory" not in result.stdout, "there is no limit"


def test_the_transformer_is_served(tradeoff_command):
    result = tradeoff_command("serve-tokens", "transformer", *WHAT, "-c", "1", "--n-requests", "200", "--device", "cpu")
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prompt-tokens", "x"), "--prompt-tokens takes whole numbers"),
        (("--memory-tokens", "-4"), "--memory-tokens takes whole numbers of at least 0, or none"),
        (("--memory-tokens", "6"), "--memory-tokens=6 does not hold a request of 7 tokens"),
        (("--max-prefill-tokens", "0"), "--max-prefill-tokens must be a whole number"),
        (("--device", "tpu"), "--device must be"),
        (("--n-requests", "0"), "--n-requests must be"),
        (("-r", "5"), "not both"),
    ],
)
def test_misuse_is_one_sentence(tradeoff_command, words, said):
    result = tradeoff_command("serve-tokens", "transformer", *WHAT, "-c", "2", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "prefill must be ms for each token"),
        (("--prefill", "1,2,3"), "--prefill must be ms for each token"),
        (("--prefill", "-1"), "must give times in ms"),
        (("--prefill", "fast"), "--prefill takes numbers"),
        (("--prefill", "1", "--max-batch-size", "999"), "larger than the largest batch"),
    ],
)
def test_misuse_of_the_simulator_is_one_sentence(tradeoff_command, run_folder, words, said):
    result = tradeoff_command("simulate-tokens", run_folder, *WHAT, "-c", "2", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_no_such_model(tradeoff_command):
    result = tradeoff_command("serve-tokens", "softmax", *WHAT, "-c", "1")
    assert result.exit_code == 2
    assert "model must be 'transformer'" in result.stderr
