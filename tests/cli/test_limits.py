import json
from contextlib import contextmanager

import pytest

from tests.limits.test_limits import limits as some_limits
from tradeoff import limits as package
from tradeoff.limits import Limits
from tradeoff.sweep import turn
from tradeoff.workloads import devices


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the command asks for; the answer is scripted."""
    asked = []

    def measure(device, **options):
        asked.append((device, options))
        found = Limits(
            "a [red]GPU[/red]", "torch", 4.25e12, {"float32": 5.1e13, "bfloat16": 7.6e14}, "2026-01-31T12:00:00Z",
            {"skipped": {"tf32": "no such thing"}}, {"copy": (4.2e12, 4.3e12)},
        )  # fmt: skip
        asked.append(found)
        return found

    monkeypatch.setattr(package, "measure_limits", measure)
    monkeypatch.setattr(package, "known_limits", lambda device, backend: asked[-1])
    return asked


def test_a_table_with_units_intervals_and_the_ridge(tradeoff_command, asked):
    result = tradeoff_command("limits")
    assert result.exit_code == 0
    assert asked[0] == (None, {"backend": None, "dtypes": None, "seconds": 1.0})
    for words in (
        "a [red]GPU[/red], by torch",
        "4.25 TB/s",
        "4.20 to 4.30",
        "760 Tflop/s",
        "51.0 Tflop/s",
        "179 flop/byte",
    ):
        assert words in result.stdout
    assert "tf32 was left out: no such thing" in result.stdout


def test_rates_that_varied_are_named(tradeoff_command, asked):
    # Only the copy has an interval, and it is narrow.
    assert "The rate of float32, bfloat16 varied" in tradeoff_command("limits").stdout


def test_a_gpu_is_waited_for_and_a_processor_is_not(tradeoff_command, asked, monkeypatch):
    turns = []

    @contextmanager
    def turn_on(device):
        turns.append(device)
        yield

    monkeypatch.setattr(turn, "turn_on", turn_on)
    monkeypatch.setattr(devices, "has_cuda", lambda: True)
    for words in ((), ("--device", "cuda:1"), ("--device", "cpu"), ("--device", "cuda:x")):
        tradeoff_command("limits", *words)
    monkeypatch.setattr(devices, "has_cuda", lambda: False)
    tradeoff_command("limits", "--device", "cuda")
    assert turns == ["cuda", "cuda:1", "cpu", "cpu", "cpu"]


def test_json_and_nothing_else(tradeoff_command, asked):
    words = ("--device", "cuda:1", "--backend", "torch", "--dtype", "float32, bfloat16", "--seconds", "0.5", "--json")
    result = tradeoff_command("limits", *words)
    assert result.exit_code == 0
    assert Limits.from_dict(json.loads(result.stdout)) == asked[1]
    assert asked[0] == ("cuda:1", {"backend": "torch", "dtypes": ["float32", "bfloat16"], "seconds": 0.5})


def test_what_cannot_be_remembered_is_said(tradeoff_command, asked, monkeypatch):
    monkeypatch.setattr(package, "known_limits", lambda device, backend: some_limits())
    assert "could not be remembered" in tradeoff_command("limits").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--device", "tpu"), "device='tpu' is not known: use 'cpu', 'cuda' or 'cuda:1'"),
        (("--device", "cpu", "--dtype", "float8"), "dtypes='float8' is not known"),
        (("--device", "cpu", "--backend", "jax"), "backend='jax' is not known"),
        (("--device", "cpu", "--seconds", "0"), "seconds=0.0 must be a number above 0"),
    ],
)
def test_misuse_is_a_sentence_and_status_2(tradeoff_command, words, says):
    result = tradeoff_command("limits", *words)
    assert result.exit_code == 2
    assert says in result.output


def test_it_measures_this_processor(tradeoff_command, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = tradeoff_command("limits", "--device", "cpu", "--dtype", "float32", "--seconds", "0.01", "--json")
    assert result.exit_code == 0, result.output
    found = Limits.from_dict(json.loads(result.stdout))
    assert found.backend == "numpy"
    assert package.known_limits(found.device, "numpy") == found
