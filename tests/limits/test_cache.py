import dataclasses
import json
import sys

import pytest

from tests.limits.test_limits import limits
from tradeoff.limits import cache, known_limits, remember


def test_what_was_remembered_is_known(tmp_path):
    assert known_limits("a GPU", "torch", folder=tmp_path) is None
    assert remember(limits(), folder=tmp_path)
    assert known_limits("a GPU", "torch", folder=tmp_path) == limits()
    assert known_limits("a GPU", "cupy", folder=tmp_path) is None
    assert known_limits("another", "torch", folder=tmp_path) is None
    newer = dataclasses.replace(limits(), copy_bytes_per_s=5e12)
    assert remember(newer, folder=tmp_path)
    assert known_limits("a GPU", "torch", folder=tmp_path) == newer
    assert len(list(tmp_path.iterdir())) == 1


def test_any_backend_will_do_unless_one_is_named(tmp_path):
    assert known_limits("a GPU", folder=tmp_path) is None
    early = dataclasses.replace(limits(backend="torch"), measured_at="2026-01-01T00:00:00Z")
    late = dataclasses.replace(limits(backend="cupy"), measured_at="2026-01-02T00:00:00Z")
    remember(late, folder=tmp_path)
    remember(early, folder=tmp_path)
    assert known_limits("a GPU", folder=tmp_path) == late
    assert known_limits("a GPU", "torch", folder=tmp_path) == early


def test_another_version_is_another_measurement(tmp_path, monkeypatch):
    remember(limits(), folder=tmp_path)
    monkeypatch.setattr(cache, "packages", lambda names: {"torch": "99"})
    assert known_limits("a GPU", "torch", folder=tmp_path) is None


def test_a_processor_with_other_cores_is_another_device(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "cpu_model", lambda: "a CPU")
    remember(limits("a CPU", "numpy"), folder=tmp_path)
    remember(limits("a GPU", "torch"), folder=tmp_path)
    monkeypatch.setattr(cache, "usable_cores", lambda: 1024)
    assert known_limits("a CPU", "numpy", folder=tmp_path) is None
    assert known_limits("a GPU", "torch", folder=tmp_path) is not None


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"key": {}, "limits": {}}',
        b"[" * 100_000,
        json.dumps({"limits": limits().to_dict()}).encode(),
        json.dumps({"key": {"device": "another"}, "limits": limits().to_dict()}).encode(),
    ],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path, damage):
    remember(limits(), folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert known_limits("a GPU", "torch", folder=tmp_path) is None
    assert remember(limits(), folder=tmp_path)
    assert known_limits("a GPU", "torch", folder=tmp_path) == limits()


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert not remember(limits(), folder=tmp_path / "file")


def test_a_write_that_fails_leaves_the_old_and_nothing_aside(tmp_path, monkeypatch):
    remember(limits(), folder=tmp_path)

    def full(self, target):
        raise OSError("no space")

    monkeypatch.setattr(cache.Path, "replace", full)
    assert not remember(dataclasses.replace(limits(), copy_bytes_per_s=1.0), folder=tmp_path)
    assert known_limits("a GPU", "torch", folder=tmp_path) == limits()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is a convention of Linux")
def test_the_users_cache_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert remember(limits())
    assert [file.parent for file in tmp_path.rglob("limits-*.json")] == [tmp_path / "tradeoff"]
    assert known_limits("a GPU", "torch") == limits()
