import json
import sys
from pathlib import Path

import pytest

from tradeoff.cli.jupyter import EXTENSIONS, Jupyter, find_jupyter


@pytest.fixture
def lab(tmp_path, monkeypatch) -> Path:
    """An environment with a JupyterLab in it, and a person's folder without anything."""
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    launcher = tmp_path / "lab" / "bin" / "jupyter-lab"
    launcher.parent.mkdir(parents=True)
    launcher.write_text(f"#!{tmp_path}/lab/bin/python3\nimport jupyterlab\n")
    launcher.chmod(0o755)
    (tmp_path / "home").mkdir()
    return tmp_path / "lab"


def look(lab: Path, environment: Path) -> Jupyter:
    return find_jupyter(
        executable=str(environment / "bin" / "python"),
        prefix=str(environment),
        path=str(lab / "bin"),
        home=lab.parent / "home",
    )


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def test_no_jupyterlab(tmp_path):
    assert look(tmp_path / "lab", tmp_path / "kernel") == Jupyter(python=None)


def test_the_same_environment(lab):
    found = look(lab, lab)
    assert found.python == f"{lab}/bin/python3"
    assert found.is_here


def test_without_a_path_the_one_beside_the_interpreter_is_found(lab):
    beside = find_jupyter(
        executable=str(lab / "bin" / "python"), prefix=str(lab), path="/nonexistent", home=lab.parent / "home"
    )
    assert beside.is_here


def test_another_environment_that_does_not_know_the_kernel(lab, tmp_path):
    found = look(lab, tmp_path / "kernel")
    assert not found.is_here
    assert not found.knows_this_kernel


@pytest.mark.parametrize("where", ["lab/share/jupyter", "home/.local/share/jupyter"])
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps a person's kernels elsewhere")
def test_a_kernel_is_known_by_its_interpreter(lab, tmp_path, where):
    argv = [str(tmp_path / "kernel" / "bin" / "python"), "-m", "ipykernel_launcher"]
    write(tmp_path / where / "kernels" / "mine" / "kernel.json", {"argv": argv})
    assert look(lab, tmp_path / "kernel").knows_this_kernel
    assert not look(lab, tmp_path / "other").knows_this_kernel


def test_extensions_of_the_lab_count_not_those_of_the_kernel(lab, tmp_path):
    for name in EXTENSIONS:
        write(tmp_path / "kernel/share/jupyter/labextensions" / name / "package.json", {"version": "1"})
    assert not set(look(lab, tmp_path / "kernel").extensions.values()) & {"1"}
    write(lab / "share/jupyter/labextensions/anywidget/package.json", {"version": "2"})
    assert look(lab, tmp_path / "kernel").extensions["anywidget"] == "2"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"argv": []}', '{"argv": [3]}', '{"argv": "python"}'])
def test_damaged_files_are_passed_over(lab, tmp_path, content):
    write(lab / "share/jupyter/kernels/mine/kernel.json", content)
    write(lab / "share/jupyter/labextensions/anywidget/package.json", "\x00")
    found = look(lab, tmp_path / "kernel")
    assert not found.knows_this_kernel
    assert "anywidget" not in found.extensions or found.extensions["anywidget"] != "\x00"


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("#!/bin/sh\n'''exec' \"{lab}/bin/my python\" \"$0\" \"$@\"\n' '''\n", "{lab}/bin/my python"),
        ("#!/usr/bin/env python3\n", None),
        ("#!\n", None),
        ("", None),
        ("\x7fELF", None),
    ],
)
def test_launchers(lab, text, python):
    (lab / "bin" / "jupyter-lab").write_text(text.format(lab=lab))
    assert look(lab, lab).python == (None if python is None else python.format(lab=lab))
