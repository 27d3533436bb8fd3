import os
import subprocess
import sys

import pytest

from tradeoff.sweep.turn import turn_on

HOLD = """
import sys
from pathlib import Path
from tradeoff.sweep.turn import turn_on
with turn_on("cuda:0", folder=Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def every_gpu(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def somebody(tmp_path):
    command = [sys.executable, "-c", HOLD, os.fspath(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_sweep_waits_and_says_for_whom(tmp_path, somebody):
    said = []

    def say(sentence):
        said.append(sentence)
        somebody.stdin.write("\n")
        somebody.stdin.flush()

    with turn_on("cuda", folder=tmp_path, say=say, look_s=0.05):
        assert f"process {somebody.pid} since" in said[0]
    assert len(said) == 1


def test_a_holder_that_was_killed_holds_nothing(tmp_path, somebody):
    somebody.kill()
    somebody.wait()
    with turn_on("cuda", folder=tmp_path, say=pytest.fail):
        assert f"process {os.getpid()} since" in (tmp_path / "tradeoff-gpu-0.holder").read_text()


def test_other_devices_are_not_held(tmp_path, somebody, monkeypatch):
    def held():
        return sorted(file.name for file in tmp_path.glob("*.holder"))

    with turn_on("cpu", folder=tmp_path, say=pytest.fail):
        assert held() == ["tradeoff-gpu-0.holder"], "that of somebody else"
    with turn_on("cuda:1", folder=tmp_path, say=pytest.fail):
        assert held() == ["tradeoff-gpu-0.holder", "tradeoff-gpu-1.holder"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    with turn_on("cuda:0", folder=tmp_path, say=pytest.fail):
        assert held() == ["tradeoff-gpu-0.holder", "tradeoff-gpu-1.holder"], "the second device, seen as the first"
    assert held() == ["tradeoff-gpu-0.holder"]


def test_a_holder_file_that_says_something_else_is_not_believed(tmp_path, somebody):
    (tmp_path / "tradeoff-gpu-0.holder").write_text("\x1b[31m</script>")

    def say(sentence):
        assert "another sweep" in sentence
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), turn_on("cuda", folder=tmp_path, say=say):
        pass
