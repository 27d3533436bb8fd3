"""NVIDIA's run-time compiler, driven through its C interface: it makes PTX where there is neither GPU nor driver."""

from __future__ import annotations

import ctypes
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path


class CompileError(Exception):
    """What the compiler said."""


def _installed(package: str, name: str) -> Path:
    try:
        found = [file for file in files(package) or [] if file.name == name]
    except PackageNotFoundError:
        found = []
    if not found:
        raise RuntimeError(f"{package} is missing, and with it {name}: pip install -e '.[dev]'")
    return Path(str(found[0].locate()))


def compile_to_ptx(source: str, *, arch: str, options: tuple[str, ...]) -> str:
    """Compile CUDA `source` for ``compute_<arch>`` with CUDA's own headers."""
    nvrtc = ctypes.CDLL(str(_installed("nvidia-cuda-nvrtc-cu12", "libnvrtc.so.12")))
    include = _installed("nvidia-cuda-runtime-cu12", "cuda_fp16.h").parent
    flags = [flag.encode() for flag in (f"--gpu-architecture=compute_{arch}", f"-I{include}", *options)]
    program = ctypes.c_void_p()
    if nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None):
        raise CompileError("no program was made")
    try:
        status = nvrtc.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
        if status:
            raise CompileError(_text(program, nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog))
        return _text(program, nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _text(program, size_of, read) -> str:
    size = ctypes.c_size_t()
    size_of(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    read(program, text)
    return text.value.decode()
