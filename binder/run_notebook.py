"""Run a notebook, and end it when its processes together take more memory than Binder gives."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

LIMIT_BYTES = 10**9
"""Binder gives 1 to 2 GB; a notebook that takes less than the lower figure runs everywhere."""

PAUSE_S = 0.02


def main(notebook: str, limit_bytes: int = LIMIT_BYTES) -> int:
    """Run `notebook`; print the largest resident memory of the kernel and all it started."""
    started = time.monotonic()
    process = psutil.Popen([sys.executable, "-m", "jupyter", "execute", "--timeout=120", notebook])
    most = 0
    while process.poll() is None:
        most = max(most, resident(process))
        if most > limit_bytes:
            end(process)
            print(f"binder: {notebook} took {most / 1e6:.0f} MB, more than {limit_bytes / 1e6:.0f} MB: stopped")
            return 1
        time.sleep(PAUSE_S)
    seconds = time.monotonic() - started
    how = "ran" if process.returncode == 0 else "failed"
    print(f"binder: {notebook} {how} in {seconds:.0f} s with {most / 1e6:.0f} MB of {limit_bytes / 1e6:.0f} MB at most")
    return int(process.returncode)


def resident(process: psutil.Process) -> int:
    """Sum the resident memory of a process and all it started; shared pages count each time, so it is never less."""
    total = 0
    for one in family(process):
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all it started that still run."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def end(process: psutil.Popen) -> None:
    """End a process and all it started."""
    for one in reversed(family(process)):
        try:
            one.kill()
        except psutil.Error:
            continue
    process.wait()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
    except subprocess.SubprocessError as error:
        sys.exit(f"binder: {error}")
