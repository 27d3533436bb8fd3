import sys

import pytest

from tests.timing.test_host_load import load
from tradeoff.cli.doctor import Finding, gpus, machine, notebooks, other_load, packages
from tradeoff.cli.jupyter import Jupyter
from tradeoff.timing.quiet import State

REQUIRES = ["numpy>=2.0", "torch>=2.4; extra == 'torch'", "cupy-cuda12x>=13.3; extra == 'cupy'", "ruff; extra == 'dev'"]


def mends(findings) -> dict[str, str]:
    return {finding.name: finding.mend for finding in findings if finding.mend}


def found(*installed: str):
    return lambda names: {name: "9.9" for name in names if name in installed}


def test_this_machine_is_well_enough_to_test_on(tradeoff_command):
    result = tradeoff_command("doctor")
    assert result.exit_code == 0, result.output
    for text in ("tradeoff", "numpy", "processor", "Python of the kernel", sys.executable):
        assert text in result.stdout


def test_something_needed_that_is_missing_is_exit_status_1(tradeoff_command, monkeypatch):
    monkeypatch.setattr("tradeoff.cli.doctor.metadata.requires", lambda name: ["no-such-package>=1"])
    result = tradeoff_command("doctor")
    assert result.exit_code == 1
    assert "pip install 'no-such-package>=1'" in result.stdout


def test_requirements_and_extras_but_not_those_of_developers():
    findings = list(packages(REQUIRES, found("numpy"), has_gpu=True))
    assert [finding.name for finding in findings] == ["numpy", "torch", "cupy-cuda12x"]
    assert mends(findings) == {
        "torch": f"{sys.executable} -m pip install 'torch>=2.4'",
        "cupy-cuda12x": f"{sys.executable} -m pip install 'cupy-cuda12x>=13.3'",
    }
    assert not any(finding.needed for finding in findings)


def test_a_missing_requirement_is_needed():
    (finding,) = packages(["numpy>=2.0"], found(), has_gpu=False)
    assert finding == Finding("software", "numpy", "missing", f"{sys.executable} -m pip install 'numpy>=2.0'", True)


def test_cupy_is_not_recommended_without_a_gpu():
    assert "cupy-cuda12x" not in mends(packages(REQUIRES, found("numpy"), has_gpu=False))


@pytest.mark.parametrize("none", [None, []])
def test_no_gpu_is_no_defect(none):
    assert mends(gpus(none, torch_cuda=None, torch="2.13")) == {}


def test_torch_without_cuda_on_a_gpu_machine():
    gpu = [{"name": "A GPU", "driver": "1", "memory": "9 MiB"}]
    assert mends(gpus(gpu, torch_cuda=None, torch=None)) == {}
    assert mends(gpus(gpu, torch_cuda="12.8", torch="2.13")) == {}
    assert "torch on the GPU" in mends(gpus(gpu, torch_cuda=None, torch="2.13+cpu"))


def test_a_governor_that_saves_power_is_told():
    captured = {
        "system": "Linux",
        "release": "6",
        "architecture": "x86_64",
        "cpu": None,
        "cpu_quota": 1.5,
        "usable_threads": 2,
        "threads": 4,
        "memory_bytes": 2**30,
        "governor": "powersave",
    }
    assert set(mends(machine(captured))) == {"frequency governor"}
    assert mends(machine({**captured, "governor": "performance"})) == {}
    seen = {finding.name: finding.seen for finding in machine(captured)}
    assert seen["usable threads"] == "2, limited to 1.5 cores"
    assert seen["memory"] == "1.0 GiB"


KERNEL = {"ipykernel": "7"}
WHOLE = {"anywidget": "1", "@jupyter-widgets/jupyterlab-manager": "5"}


@pytest.mark.parametrize(
    ("jupyter", "kernel", "names"),
    [
        (Jupyter(python="/lab/bin/python", is_here=True, extensions=WHOLE), KERNEL, set()),
        (Jupyter(python="/lab/bin/python", is_here=True, extensions=WHOLE), {}, {"ipykernel"}),
        (Jupyter(python=None), KERNEL, {"Python of JupyterLab"}),
        (Jupyter(python="/lab/bin/python", extensions=WHOLE), KERNEL, {"this kernel"}),
        (Jupyter(python="/lab/bin/python", extensions=WHOLE, knows_this_kernel=True), KERNEL, set()),
        (
            Jupyter(python="/lab/bin/python", is_here=True),
            KERNEL,
            {"anywidget in JupyterLab", "@jupyter-widgets/jupyterlab-manager in JupyterLab"},
        ),
    ],
)
def test_notebooks(jupyter, kernel, names):
    assert set(mends(notebooks(jupyter, kernel))) == names


def test_an_extension_is_installed_where_jupyterlab_is():
    wanted = mends(notebooks(Jupyter(python="/my lab/bin/python", is_here=True), KERNEL))
    assert wanted["anywidget in JupyterLab"] == "'/my lab/bin/python' -m pip install anywidget"


def test_a_machine_with_other_work_is_told_with_what_to_do():
    finding = other_load(State(load(foreign=1.0), 2.0))
    assert finding.seen == "not quiet: other processes take 50 % of the cores' time (load average 2)"
    assert "wait until it is done" in finding.mend
    assert not finding.needed
    assert other_load(State(load(foreign=0.01))) == Finding(
        "machine", "other work", "quiet: other processes take 0.5 % of the cores' time"
    )


def test_the_command_says_whether_the_machine_is_quiet(tradeoff_command, monkeypatch):
    monkeypatch.setattr("tradeoff.timing.quiet.look", lambda: State(load(foreign=1.0)))
    result = tradeoff_command("doctor")
    assert result.exit_code == 0
    assert "not quiet: other processes take 50 %" in result.stdout
