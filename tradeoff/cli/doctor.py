"""``tradeoff doctor``."""

from __future__ import annotations

import platform
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from tradeoff.cli.jupyter import Jupyter, find_jupyter
from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import say, table

if TYPE_CHECKING:
    from tradeoff.timing.quiet import State


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes
    ----------
    part, name, seen
        Where it belongs, what it is, and how it is.
    mend
        The command that mends it, or what to do; None when nothing is wrong.
    needed
        Whether tradeoff cannot do without.
    """

    part: str
    name: str
    seen: str
    mend: str | None = None
    needed: bool = False


def doctor() -> None:
    """Print versions, devices, whether the machine is quiet, and the command for what is missing.

    Exit status: 0, or 1 when something is missing that tradeoff cannot do without.
    """
    with told_in_a_sentence():
        from tradeoff import environment
        from tradeoff.timing.quiet import look

        captured = environment.capture()
        findings = [
            Finding("software", "tradeoff", metadata.version("tradeoff")),
            Finding("software", "Python", platform.python_version()),
            *packages(metadata.requires("tradeoff") or [], environment.packages, has_gpu=bool(captured["gpus"])),
            *machine(captured["machine"]),
            other_load(look()),
            *gpus(captured["gpus"], torch_cuda=_cuda_of_torch(), torch=environment.packages(("torch",)).get("torch")),
            *notebooks(find_jupyter(), environment.packages(("ipykernel", "anywidget", "ipywidgets"))),
        ]
        table(("", "what", "found"), _rows(findings))
        mends = dict.fromkeys((finding.name, finding.mend) for finding in findings if finding.mend)
        say("What can be mended or added:" if mends else "Nothing is missing.")
        for name, mend in mends:
            say(f"  {name}: {mend}")
    if any(finding.needed and finding.mend for finding in findings):
        raise typer.Exit(Status.NO)


def packages(
    requirements: list[str], versions: Callable[[tuple[str, ...]], Mapping[str, str]], *, has_gpu: bool
) -> Iterator[Finding]:
    """Look for what tradeoff requires, and for its extras except those of its developers."""
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        found = re.match(r"[\w.-]+", wanted)
        extra = re.search(r"""extra\s*==\s*['"](\w+)['"]""", marker)
        if found is None or (extra is not None and extra[1] == "dev"):
            continue
        name = found[0]
        version = versions((name,)).get(name)
        if version is not None:
            yield Finding("software", name, version)
        elif extra is None:
            yield Finding("software", name, "missing", _pip(wanted.strip()), needed=True)
        elif extra[1] == "cupy" and not has_gpu:
            yield Finding("software", name, "not installed, and of no use without an NVIDIA GPU")
        else:
            yield Finding("software", name, f"not installed (extra {extra[1]!r})", _pip(wanted.strip()))


def machine(captured: Mapping[str, Any]) -> Iterator[Finding]:
    """Describe the processor and the memory."""
    yield Finding("machine", "system", f"{captured['system']} {captured['release']} {captured['architecture']}")
    yield Finding("machine", "processor", captured["cpu"] or "unknown")
    quota = "" if captured["cpu_quota"] is None else f", limited to {captured['cpu_quota']:g} cores"
    yield Finding("machine", "usable threads", f"{captured['usable_threads'] or captured['threads']}{quota}")
    yield Finding("machine", "memory", f"{captured['memory_bytes'] / 2**30:.1f} GiB")
    governor = captured["governor"]
    if governor in (None, "performance"):
        yield Finding("machine", "frequency governor", governor or "unknown")
    else:
        yield Finding(
            "machine",
            "frequency governor",
            f"{governor}: clocks vary with the load",
            "sudo cpupower frequency-set --governor performance",
        )


def other_load(state: State) -> Finding:
    """Say whether the machine is quiet enough to measure on."""
    name = "other work"
    if not (why := state.not_quiet()):
        return Finding("machine", name, state.quiet())
    return Finding(
        "machine",
        name,
        f"not quiet: {why}",
        "stop it or wait until it is done, and ask again; what is measured meanwhile is flagged",
    )


def gpus(found: list[dict[str, str | None]] | None, *, torch_cuda: str | None, torch: str | None) -> Iterator[Finding]:
    """Describe the GPUs, and whether torch can use them."""
    if not found:
        yield Finding("machine", "GPU", "none that nvidia-smi knows: workloads run on the processor")
        return
    for gpu in found:
        yield Finding("machine", "GPU", f"{gpu['name']}, driver {gpu['driver']}, {gpu['memory']}")
    if torch is not None and torch_cuda is None:
        yield Finding("machine", "torch on the GPU", f"torch {torch} is built without CUDA", _pip("torch", "--upgrade"))


def notebooks(jupyter: Jupyter, kernel: Mapping[str, str]) -> Iterator[Finding]:
    """Compare the environment of the kernel, which is this one, with that of JupyterLab."""
    yield Finding("notebooks", "Python of the kernel", sys.executable)
    if "ipykernel" in kernel:
        yield Finding("notebooks", "ipykernel", kernel["ipykernel"])
    else:
        yield Finding("notebooks", "ipykernel", "not installed: no kernel can run here", _pip("ipykernel"))
    if jupyter.python is None:
        yield Finding("notebooks", "Python of JupyterLab", "no JupyterLab found", _pip("jupyterlab"))
        return
    where = "the same environment" if jupyter.is_here else "another environment than the kernel's"
    yield Finding("notebooks", "Python of JupyterLab", f"{jupyter.python} ({where})")
    for extension, package in (("anywidget", "anywidget"), ("@jupyter-widgets/jupyterlab-manager", "ipywidgets")):
        version = jupyter.extensions.get(extension)
        mend = f"{shlex.quote(jupyter.python)} -m pip install {package}"
        if version is None:
            yield Finding("notebooks", f"{extension} in JupyterLab", "missing: widgets stay blank", mend)
        else:
            yield Finding("notebooks", f"{extension} in JupyterLab", version)
    if not jupyter.is_here:
        known = "known to JupyterLab" if jupyter.knows_this_kernel else "not known to JupyterLab"
        mend = f"{shlex.quote(sys.executable)} -m ipykernel install --user --name tradeoff"
        yield Finding("notebooks", "this kernel", known, None if jupyter.knows_this_kernel else mend)


def _rows(findings: list[Finding]) -> Iterator[tuple[str, str, str]]:
    previous = None
    for finding in findings:
        yield ("" if finding.part == previous else finding.part, finding.name, finding.seen)
        previous = finding.part


def _pip(*words: str) -> str:
    return shlex.join([sys.executable, "-m", "pip", "install", *words])


def _cuda_of_torch() -> str | None:
    """Return the CUDA version torch was built for, without importing torch, which takes seconds."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    try:
        text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r"""^cuda\b[^=\n]*=\s*['"]([^'"]+)['"]""", text, re.MULTILINE)
    return None if found is None else found[1]
