"""What a newcomer waits for: ``make demo`` (and, with ``--test``, ``make test``) in a fresh clone of this commit.

Run with ``python benchmarks/fresh_clone.py [--test]``. Targets, on two cores without a GPU: the demo in at most four
minutes with its installation, 700 MB installed, its slowest median call at most 1 ms, every p99 with both ends of its
interval; the tests in at most twelve minutes after installation.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def make(target: str, folder: Path) -> float:
    """Run one make target without a virtual environment of ours around it; return the seconds it took."""
    environ = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    start = time.perf_counter()
    subprocess.run(["make", target], cwd=folder, check=True, env=environ, stdout=sys.stderr)
    return time.perf_counter() - start


def megabytes(folder: Path) -> float:
    """Size on disk, hard links once."""
    seen = {(s.st_dev, s.st_ino): s.st_blocks * 512 for s in (f.lstat() for f in folder.rglob("*"))}
    return sum(seen.values()) / 1e6


def main() -> None:
    """Clone, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--test", action="store_true", help="run make test as well")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "tradeoff"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        seconds = make("demo", clone)
        print(f"make demo, installation included: {seconds:.0f} s (at most 240)")
        print(f"installed: {megabytes(clone / '.venv'):.0f} MB (at most 700)")
        code = (
            "import tradeoff; p = tradeoff.read('results/demo').points;"
            "slow = p.loc[p['latency_p50_ms'].idxmax()];"
            "print(f'slowest median call: {slow.latency_p50_ms:.3f} ms at batch {slow.batch_size} x concurrency"
            " {slow.concurrency} (at most 1)');"
            "both = p[['latency_p99_ms_lo', 'latency_p99_ms_hi']].notna().all(axis=1).sum();"
            "print(f'p99 with both ends of its interval: {both} of {len(p)}')"
        )
        subprocess.run([str(clone / ".venv/bin/python"), "-c", code], cwd=clone, check=True)
        if wanted.test:
            install = make(".venv/.test", clone)
            print(f"installing what the tests need: {install:.0f} s")
            print(f"make test: {make('test', clone):.0f} s (at most 720)")


if __name__ == "__main__":
    main()
