import getpass
import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tradeoff import environment


def test_capture_is_json_and_names_nobody():
    captured = environment.capture()
    text = json.dumps(captured, allow_nan=False)
    words = {platform.node(), str(Path.home()), str(Path.cwd()), getpass.getuser()} - {"", "/"}
    values = set(_leaves(captured))
    assert not words & values
    assert platform.node() == "" or platform.node() not in text


def _leaves(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield str(value)


def test_the_time_is_in_utc():
    captured = environment.capture(now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert captured["recorded_at"] == "2026-01-02T03:04:05Z"


def test_a_gpu_is_named_with_its_driver():
    said = "NVIDIA H200, 570.1, 143771 MiB, 1980 MHz, [N/A]\n"
    (gpu,) = environment.capture(run=lambda command: said)["gpus"]
    assert gpu == {
        "name": "NVIDIA H200",
        "driver": "570.1",
        "memory": "143771 MiB",
        "max_sm_clock": "1980 MHz",
        "power_limit": None,
    }


def test_without_nvidia_smi_the_gpus_are_unknown():
    assert environment.capture(run=lambda command: None)["gpus"] is None


def test_packages_that_are_not_installed_are_left_out():
    assert set(environment.packages(("numpy", "no-such-package"))) == {"numpy"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("processor : 0\nmodel name\t: Fast  CPU @ 3 GHz\n", "Fast CPU @ 3 GHz"),
        ("Hardware : Board\n", "Board"),
    ],
)
def test_the_processor_is_named(tmp_path, text, name):
    (tmp_path / "cpuinfo").write_text(text)
    assert environment.cpu_model(tmp_path / "cpuinfo") == name


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "100 0\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_the_control_group_is_read(tmp_path, files, quota):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert environment._cpu_quota(tmp_path) == quota


@pytest.mark.parametrize(("quota", "usable"), [(None, 8), (0.5, 1), (2.5, 2), (64.0, 8)])
def test_usable_cores_are_the_affinity_cut_to_the_quota(monkeypatch, quota, usable):
    monkeypatch.setattr(environment, "_usable_threads", lambda: 8)
    monkeypatch.setattr(environment, "_cpu_quota", lambda: quota)
    assert environment.usable_cores() == usable


def test_a_variable_that_holds_a_path_is_left_out(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setenv("MKL_NUM_THREADS", "/home/somebody")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    variables = environment.capture(run=lambda command: None)["variables"]
    assert variables["OMP_NUM_THREADS"] == "4"
    assert not {"MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"} & set(variables)


def test_nothing_heavy_is_imported():
    code = "import sys, tradeoff.environment as e; e.capture(); print({'numpy', 'pandas', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set()\n"


def test_differences_are_named():
    before = {"packages": {"numpy": "1", "torch": "2"}, "gpus": None}
    after = {"packages": {"numpy": "2"}, "gpus": None}
    assert environment.differences(before, after) == [
        "packages numpy: 1 before, 2 now",
        "packages torch: 2 before, None now",
    ]
    assert environment.differences(before, before) == []
