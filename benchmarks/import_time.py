"""What ``import tradeoff`` and ``tradeoff --help`` cost, against ``import pandas`` in the same run.

Run with ``python benchmarks/import_time.py``. Targets: the import at most 1.2 times that of pandas, with none of the
heavy packages loaded; ``--help`` in at most 0.5 s. Exit status 1 when a target is missed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 11
HEAVY = ("torch", "cupy", "plotly", "ipywidgets", "numba", "anywidget")


def seconds(*command: str) -> float:
    """Wall time of one fresh process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    """Print medians of interleaved runs."""
    python, script = sys.executable, str(Path(sys.executable).with_name("tradeoff"))
    commands = {
        "python -c pass": (python, "-c", "pass"),
        "import pandas": (python, "-c", "import pandas"),
        "import tradeoff": (python, "-c", "import tradeoff"),
        "import tradeoff; tradeoff.Run": (python, "-c", "import tradeoff; tradeoff.Run"),
        "tradeoff --help": (script, "--help"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(seconds(*command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    pandas = medians["import pandas"]
    for name, median in medians.items():
        print(f"{name:32} {median:6.3f} s   {median / pandas:5.2f} x import pandas")
    check = f"import sys, tradeoff; print([m for m in {HEAVY!r} if m in sys.modules])"
    loaded = subprocess.run([python, "-c", check], check=True, capture_output=True, text=True).stdout.strip()
    print(f"heavy packages loaded by import tradeoff: {loaded}")
    met = medians["import tradeoff"] <= 1.2 * pandas and medians["tradeoff --help"] <= 0.5 and loaded == "[]"
    print("targets met" if met else "targets missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
