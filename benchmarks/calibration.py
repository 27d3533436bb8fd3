"""Does the simulator agree with this processor? A torch model served for real and simulated from its service times.

A small perceptron on one thread behind the batching policy: open loops from 15 to 75 % of what full batches give, and
closed loops. Prints a row a load, and writes the page that `tradeoff.calibrate` makes. Target: below 80 % busy p50
within 5 % and p99 within 10 % or inside the interval of the difference, or the page says why not. Run with
``python benchmarks/calibration.py [--out results/calibration.html] [--seconds 20]``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

import tradeoff
from tradeoff.calibrate import BELOW
from tradeoff.frames import Run

LARGEST, WAIT_MS = 8, 2.0
SHARES = (0.15, 0.3, 0.45, 0.6, 0.75)
CLIENTS = (2, 6, 12)
_COLUMNS = {
    "load": "load", "request_rate_rps": "requests/s", "concurrency": "clients", "utilisation": "busy",
    "measured_p50_ms": "p50 measured", "simulated_p50_ms": "simulated", "difference_p50_pct": "%",
    "measured_p99_ms": "p99 measured", "simulated_p99_ms": "simulated", "difference_p99_pct": "%",
    "agrees_p50": "p50 agrees", "agrees_p99": "p99 agrees", "why": "why not",
}  # fmt: skip


def perceptron(batch_size: int) -> Callable[[], torch.Tensor]:
    """Return a call of four layers of 1024 neurons."""
    layers = [torch.nn.Linear(1024, 1024) for _ in range(4)]
    model = torch.nn.Sequential(*(part for layer in layers for part in (layer, torch.nn.ReLU()))).eval()
    x = torch.randn(batch_size, 1024)

    def call() -> torch.Tensor:
        with torch.inference_mode():
            return model(x)

    return call


def main() -> int:
    """Serve, compare, print, and say whether the target is met."""
    parser = argparse.ArgumentParser(description="Measured against simulated, on this processor.")
    parser.add_argument("--out", type=Path, default=Path("results/calibration.html"), help="the page to write")
    parser.add_argument("--seconds", type=float, default=20.0, help="of serving each load")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # A sweep would let torch use all cores: what full batches give on one thread is asked of the server itself.
    pilot = tradeoff.serve(perceptron, max_batch_size=LARGEST, concurrency=2 * LARGEST, duration_s=3.0)
    capacity = float(pilot.points["throughput_rps"].iloc[0])
    runs = [
        tradeoff.serve(perceptron, max_batch_size=LARGEST, max_wait_ms=WAIT_MS, request_rate=round(share * capacity),
                       n_requests=round(share * capacity * asked.seconds))
        for share in SHARES
    ]  # fmt: skip
    runs += [
        tradeoff.serve(perceptron, max_batch_size=LARGEST, max_wait_ms=WAIT_MS, concurrency=clients, n_requests=20_000)
        for clients in CLIENTS
    ]
    run = Run(
        pd.concat([one.points for one in runs], ignore_index=True),
        pd.concat([one.samples for one in runs], ignore_index=True),
        runs[0].environment,
    )
    found = tradeoff.calibrate(run)
    table = found.table[list(_COLUMNS)].rename(columns=_COLUMNS)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    print(found.sentence())
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    print(found.save(asked.out))
    below = found.table[found.table["utilisation"] < BELOW]
    silent = below[(below["why"] == "not explained by what was recorded")]
    print(
        f"target {'met' if len(below) and not len(silent) else 'missed'}: {len(below)} loads below {100 * BELOW:.0f} %"
    )
    return int(bool(len(silent)) or not len(below))


if __name__ == "__main__":
    sys.exit(main())
