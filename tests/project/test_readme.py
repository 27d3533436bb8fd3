"""The README does not promise what is not there."""

import ast
import re
import shlex
from pathlib import Path

import pytest

import tradeoff

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True)) and words[0] == "tradeoff"]


@pytest.mark.parametrize("block", blocks("python"))
def test_python_names_exist(block):
    used = {
        node.attr
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tradeoff"
    }
    assert used
    assert used <= set(tradeoff.__all__)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_and_their_options_exist(words):
    from typer.main import get_command

    from tradeoff.cli.app import app

    context = get_command(app).make_context("tradeoff", list(words[1:]))
    while hasattr(context.command, "resolve_command"):
        named = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, named)
        context = command.make_context(name, list(rest), parent=context)
    assert not context.args, "words that the command does not know"


def test_the_example_of_an_own_workload_runs():
    (block,) = (text for text in blocks("python") if "def transform" in text)
    definition = block[: block.index("run = ")]
    names: dict = {}
    exec(compile(definition, "README.md", "exec"), names)  # noqa: S102
    assert names["transform"](2)().shape == (2, 2049)


def test_every_objective_can_be_read():
    objectives = re.findall(r'"((?:maximize|minimize) [^"]+)"', README)
    assert len(objectives) >= 2
    for text in objectives:
        tradeoff.Objective.parse(text)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)", README))))
def test_make_targets_exist(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_places_exist():
    table = README[README.index("## Where things are") :]
    for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        for place in re.findall(r"`([^`]+)`", cell):
            assert (ROOT / place).exists(), place
    assert (ROOT / "notebooks" / "01_quickstart.ipynb").is_file()
