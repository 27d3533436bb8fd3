"""Record a CUDA GPU: correct first, then how it agrees with other harnesses, then the data, most valuable first.

What is finished when the time is over is a data set: each point is committed as it is measured, and the rest is
left out. Without a GPU, ``--dry-run`` goes the same way on the processor with small grids, into a folder that is
removed afterwards.

    python benchmarks/record_gpu.py --out data --minutes 9
    python benchmarks/record_gpu.py --dry-run
"""

from __future__ import annotations

import argparse
import secrets
import signal
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import tradeoff
from tradeoff.sweep import SweepInterrupted
from tradeoff.timing import Budget
from tradeoff.workloads import WorkloadError, get
from tradeoff.workloads.check import TOLERANCES, check
from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.operation import Operation

BATCHES = tuple(2**n for n in range(10))
IN_FLIGHT = (1, 2, 4, 8, 16, 32)
LARGEST_FOLDER = 5_000_000

QUICK = Budget(name="record", seconds=0.5, max_calls=1_000, min_calls=400, max_seconds=1.5)
LASTING = Budget(name="record, lasting", seconds=8.0, max_calls=2_000, min_calls=1_000, max_seconds=16.0)


@dataclass(frozen=True)
class Part:
    """One sweep of the recording."""

    workload: str
    dtype: str
    batch_size: Sequence[int]
    concurrency: Sequence[int]
    folder: str = "h200"
    budget: Budget = QUICK


PLAN = (
    Part("torch.transformer_decode", "bfloat16", BATCHES, IN_FLIGHT),
    Part("torch.gemm", "bfloat16", BATCHES, IN_FLIGHT),
    Part("torch.transformer_prefill", "bfloat16", BATCHES[:6], (1, 8)),
    Part("torch.attention_decode", "bfloat16", BATCHES, (1, 8)),
    Part("torch.softmax", "float32", BATCHES, (1, 8)),
    Part("cupy.softmax", "float32", BATCHES, (1, 8)),
    Part("torch.transformer_decode", "bfloat16", BATCHES[::3], (1, 8), "h200_sustained", LASTING),
    Part("torch.gemm", "bfloat16", BATCHES[::3], (1,), "h200_sustained", LASTING),
)
"""Most valuable first: a run that is cut is still a data set."""

DRY = (
    Part("torch.transformer_decode", "float32", (1, 4), (1, 2)),
    Part("torch.gemm", "float32", (1, 4), (1, 2)),
    Part("numpy.softmax", "float32", (1, 4), (1,)),
    Part("torch.gemm", "float32", (1, 4), (1,), "h200_sustained", replace(LASTING, seconds=0.5, max_seconds=1.0)),
)


class OutOfTimeError(Exception):
    """The time that was given is over."""


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Interrupt the block, as Ctrl-C does, when the time is over: a sweep then keeps what it has."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if seconds <= 0:
        raise OutOfTimeError
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_outputs(plan: Sequence[Part], device: str) -> bool:
    """Compare each workload of the plan with float64 on fresh random inputs, of sizes that float64 keeps up with."""
    right = True
    seed = secrets.randbelow(2**31)
    print(f"correctness, seed {seed}: largest ||out - reference|| / ||reference||")
    for name, dtype in dict.fromkeys((part.workload, part.dtype) for part in plan):
        workload = get(name)
        if isinstance(workload, Operation):
            workload = type(workload).of_usual_size(workload.backend, on_gpu=False)
        error = max(check(workload, batch_size=b, dtype=dtype, device=device, seed=seed + b) for b in (1, 3, 8))
        met = error <= TOLERANCES[dtype]
        right = right and met
        print(f"  {name:>28} {dtype:>9} {error:9.2e} (at most {TOLERANCES[dtype]:g}) {'' if met else 'WRONG'}")
    return right


def medians_of_others(name: str, call: Callable[[], object]) -> dict[str, float]:
    """Median of a call in milliseconds by the harnesses that are installed here."""
    found = {}
    try:
        from triton.testing import do_bench

        found["triton do_bench"] = float(do_bench(call, warmup=50, rep=200, return_mode="median"))
    except ImportError:
        pass
    if name.startswith("cupy."):
        from cupyx.profiler import benchmark

        found["cupyx benchmark"] = float(statistics.median(benchmark(call, n_repeat=300).gpu_times[0])) * 1e3
    else:
        from torch.utils.benchmark import Timer

        threads = _torch_threads()
        timer = Timer("call(); sync()", globals={"call": call, "sync": _torch_sync}, num_threads=threads)
        found["torch.utils.benchmark"] = timer.blocked_autorange(min_run_time=0.3).median * 1e3
    return found


def _torch_threads() -> int:
    import torch

    return int(torch.get_num_threads())


def _torch_sync() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def print_agreement(plan: Sequence[Part], device: str) -> None:
    """Print our median model latency, launches hidden where that can be, beside that of other harnesses."""
    print("agreement: median of one call, in milliseconds")
    mode = "pipelined" if device.startswith("cuda") else "concurrent"
    for name, dtype in dict.fromkeys((part.workload, part.dtype) for part in plan):
        workload = get(name)
        how = {"batch_size": 16, "dtype": dtype, "device": device}
        ours = tradeoff.sweep(name, **how, mode=mode, budget=QUICK, progress=False).points.iloc[0]
        call = workload.prepare(**how, seed=0)
        others = ", ".join(f"{who} {ms:.4f}" for who, ms in medians_of_others(name, call).items())
        print(f"  {name:>28} {dtype:>9} tradeoff {ours['model_p50_ms']:.4f}, {others}")


def record(plan: Sequence[Part], *, out: Path, device: str, until: float) -> None:
    """Sweep part after part until the time is over."""
    for part in plan:
        try:
            with interrupted_after(until - perf_counter()), warnings.catch_warnings():
                warnings.simplefilter("ignore", SweepInterrupted)
                run = tradeoff.sweep(
                    part.workload,
                    batch_size=part.batch_size,
                    concurrency=part.concurrency,
                    dtype=part.dtype,
                    device=device,
                    budget=part.budget,
                    path=out / part.folder,
                    resume=True,
                    progress=False,
                )
        except OutOfTimeError:
            print(f"  left out, no time: {part.workload} {part.dtype} in {part.folder}")
            continue
        except WorkloadError as error:
            print(f"  left out: {error}")
            continue
        mine = run.points[run.points["workload"] == get(part.workload).name]
        asked = len(part.batch_size) * len(part.concurrency)
        statuses = ", ".join(f"{count} {status}" for status, count in mine["status"].value_counts().items())
        print(f"  {part.folder}: {part.workload} {part.dtype}: {len(mine)} rows, {asked} asked for now; {statuses}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data"))
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--dry-run", action="store_true", help="on the processor, with small grids")
    asked = parser.parse_args()
    until = perf_counter() + 60 * asked.minutes
    if not asked.dry_run and not has_cuda():
        print("there is no CUDA GPU here: nothing was measured. --dry-run tries the script on the processor")
        return 2
    device, plan = ("cpu", DRY) if asked.dry_run else ("cuda", PLAN)
    if not check_outputs(plan, device):
        return 1
    print_agreement(plan, device)
    print("recording")
    if asked.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            return finish(plan, out=Path(folder), device=device, until=until)
    return finish(plan, out=asked.out, device=device, until=until)


def finish(plan: Sequence[Part], *, out: Path, device: str, until: float) -> int:
    """Record, and print what it came to."""
    record(plan, out=out, device=device, until=until)
    for folder in dict.fromkeys(out / part.folder for part in plan):
        if folder.is_dir():
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            print(f"{folder.name}: {size:,} B (at most {LARGEST_FOLDER:,})")
    print(f"{(until - perf_counter()) / 60:.1f} minutes left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
