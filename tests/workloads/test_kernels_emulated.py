"""The kernels' arithmetic, run on the processor: their source in C++ with a thread of the system for each of CUDA's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tradeoff.workloads import kernels
from tradeoff.workloads.check import TOLERANCES, relative_error
from tradeoff.workloads.operations.layer_norm import EPSILON, layer_norm
from tradeoff.workloads.operations.softmax import softmax

HERE = Path(__file__).parent
LAUNCH = {
    "softmax": "softmax_rows(x.data(), out.data(), width)",
    "layer_norm": f"layer_norm_rows(x.data(), scale.data(), shift.data(), out.data(), width, {EPSILON})",
}
EXACT = {"softmax": lambda x, scale, shift: softmax(x), "layer_norm": layer_norm}
ROWS = 2


def compiled(folder: Path, name: str, dtype: str, *, change=lambda text: text) -> Path | None:
    """Compile the kernel, `change`d, for the processor; None without a compiler that knows C++20 and halves."""
    number, real = kernels.TYPES[dtype]
    text = (Path(kernels.__file__).parent / f"{name}.cu").read_text(encoding="utf-8")
    (folder / "kernel.cu").write_text(change(text), encoding="utf-8")
    program = folder / "program"
    definitions = {
        "NUMBER": number.replace("__half", "_Float16"),
        "REAL": real,
        "KERNEL": f'"{folder}/kernel.cu"',
        "LAUNCH": LAUNCH[name],
        "THREADS": kernels.THREADS,
    }
    flags = [f"-D{key}={value}" for key, value in definitions.items()]
    command = ["g++", "-std=c++20", "-O1", "-pthread", *flags, str(HERE / "emulator.cpp"), "-o", str(program)]
    if shutil.which("g++") is None:
        return None
    probe = "#include <barrier>\n_Float16 half; int main() {}"
    knows = subprocess.run(["g++", "-std=c++20", "-xc++", "-", "-fsyntax-only"], input=probe, text=True, check=False)
    if knows.returncode:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


def error_of(program: Path, name: str, dtype: str, *, width: int, mean: float) -> float:
    """Run the kernel on fresh rows around `mean`, and return how far it is from float64."""
    random = np.random.default_rng([width, int(mean)])
    x = (mean + random.standard_normal((ROWS, width))).astype(dtype)
    scale, shift = (1 + 0.1 * random.standard_normal(width)).astype(dtype), random.standard_normal(width).astype(dtype)
    sent = np.array([ROWS, width], dtype=np.int32).tobytes() + x.tobytes() + scale.tobytes() + shift.tobytes()
    done = subprocess.run([str(program)], input=sent, capture_output=True, check=True, timeout=120)
    out = np.frombuffer(done.stdout, dtype=dtype).reshape(x.shape)
    return relative_error(out, EXACT[name](*(part.astype(float) for part in (x, scale, shift))))


@pytest.mark.parametrize("dtype", kernels.TYPES)
@pytest.mark.parametrize("name", kernels.ENTRIES)
def test_a_kernel_is_right_for_rows_of_any_width(name: str, dtype: str, tmp_path: Path) -> None:
    program = compiled(tmp_path, name, dtype)
    if program is None:
        pytest.skip("no C++20 compiler that knows 16-bit numbers")
    for width in (1, 2, 31, 33, 255, 257, 1000, 4096):
        assert error_of(program, name, dtype, width=width, mean=0.0) < TOLERANCES[dtype], width
    # Far from 0 a variance from the sum of squares would have no digit left in float32: (1000 / 1)**2 * 2**-24 = 0.06.
    assert error_of(program, name, dtype, width=300, mean=1000.0) < 10 * TOLERANCES[dtype]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("softmax", "s = s * exp(m - top) + other_s * exp(other_m - top);", "s = s + other_s;"),
        ("layer_norm", "m2 += other_m2 + delta * delta * n * share;", "m2 += other_m2;"),
    ],
)
def test_a_broken_kernel_is_found(name: str, right: str, wrong: str, tmp_path: Path) -> None:
    def break_it(text: str) -> str:
        assert right in text
        return text.replace(right, wrong)

    program = compiled(tmp_path, name, "float32", change=break_it)
    if program is None:
        pytest.skip("no C++20 compiler that knows 16-bit numbers")
    assert error_of(program, name, "float32", width=300, mean=0.0) > 100 * TOLERANCES["float32"]
