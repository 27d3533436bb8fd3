"""What every server computes: the catalogue's perceptron, batch by batch, and when it did."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from tradeoff.workloads.operations.mlp import Mlp

WORKLOAD = Mlp(width=1024, hidden=4096)
LARGEST, WAIT_MS, SEED = 8, 5.0, 0


def calls() -> dict[int, Callable[[], object]]:
    """Return a call for each size of a batch, warm, on one thread: what `tradeoff.serve` prepares."""
    torch.set_num_threads(1)
    found = {
        size: WORKLOAD.prepare(batch_size=size, dtype="float32", device="cpu", seed=SEED)
        for size in range(1, LARGEST + 1)
    }
    for call in found.values():
        for _ in range(3):
            call()
    return found


def stamped(call: Callable[[], object], size: int) -> list[dict[str, int]]:
    """Run a batch, and return for each of its requests when it began and ended, on the clock of all processes."""
    began = time.perf_counter_ns()
    call()
    return [{"began": began, "ended": time.perf_counter_ns(), "size": size}] * size
