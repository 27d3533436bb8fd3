from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.workloads import nvrtc
from tradeoff.workloads import WorkloadError, kernels

EVERY = [(name, dtype) for name in kernels.ENTRIES for dtype in kernels.TYPES]
needs_nvrtc = pytest.mark.skipif(sys.platform != "linux", reason="NVRTC comes with the dev extra on Linux only")


@needs_nvrtc
@pytest.mark.parametrize(("name", "dtype"), EVERY)
def test_every_kernel_compiles_for_an_h200_without_one(name: str, dtype: str) -> None:
    ptx = nvrtc.compile_to_ptx(kernels.source(name, dtype), arch="90", options=kernels.OPTIONS)
    assert re.search(r"^\.target sm_90$", ptx, re.MULTILINE)
    assert re.findall(r"\.visible \.entry (\w+)\(", ptx) == [kernels.ENTRIES[name]]
    # Halves are read and written as 16 bits and never added as such; float64 stays float64.
    assert ("ld.global.u16" in ptx or "ld.global.nc.u16" in ptx) == (dtype == "float16")
    assert not re.search(r"\b(add|fma)\.f16", ptx)
    assert ("ld.global.f64" in ptx or "ld.global.nc.f64" in ptx) == (dtype == "float64")


@needs_nvrtc
def test_source_that_is_wrong_does_not_compile() -> None:
    broken = kernels.source("softmax", "float32").replace("join_warp(m, s);", "join_warp(m);")
    with pytest.raises(nvrtc.CompileError, match="join_warp"):
        nvrtc.compile_to_ptx(broken, arch="90", options=kernels.OPTIONS)


def test_a_compiler_that_is_missing_is_no_reason_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvrtc, "files", lambda package: [])
    with pytest.raises(RuntimeError, match=r"nvidia-cuda-nvrtc-cu12 is missing.*\[dev\]"):
        nvrtc.compile_to_ptx("", arch="90", options=())


def test_every_file_is_a_kernel_and_says_its_types() -> None:
    folder = Path(kernels.__file__).parent
    assert {file.stem for file in folder.glob("*.cu")} == set(kernels.ENTRIES)
    for name, dtype in EVERY:
        assert f"typedef {kernels.TYPES[dtype][0]} number;" in kernels.source(name, dtype)
    assert "typedef float real" in kernels.source("softmax", "float16")


def test_a_type_without_a_kernel_lists_those_with_one() -> None:
    with pytest.raises(WorkloadError, match=r"bfloat16.*float16, float32, float64"):
        kernels.source("softmax", "bfloat16")
