"""Check that every operation of the catalogue is right on this device, in every number type it computes in.

Each is run on fresh random inputs at several batch sizes and compared with the same computed in float64 from the same
inputs; printed is the largest ‖out − reference‖ / ‖reference‖ of all, by number type. On a GPU this takes in CuPy with
its hand-written kernels and tf32. The exit status is 1 when an error exceeds its tolerance.
No public call compares with float64: an inner one is used.

    python benchmarks/check_workloads.py [--device cuda] [--seed 12345] [--usual-size] [names such as torch.gemm]
"""

from __future__ import annotations

import argparse
import importlib.util
import secrets
import sys
from collections.abc import Iterator

from tradeoff.workloads import WorkloadError, get, names
from tradeoff.workloads.check import TOLERANCES, check
from tradeoff.workloads.devices import has_cuda
from tradeoff.workloads.operation import Operation

BATCH_SIZES = (1, 3, 8)
USUAL_BATCH_SIZES = (2,)
SEEDS = 2


def operations(chosen: list[str], *, device: str, usual_size: bool) -> Iterator[tuple[str, Operation]]:
    """Yield what runs on `device`: of a size for a CPU, so that float64 on the processor keeps up, or the usual one."""
    for name in chosen or names():
        on_gpu, backend = device.startswith("cuda"), name.partition(".")[0]
        if not chosen and (backend == "numpy" if on_gpu else backend == "cupy"):
            continue
        if not chosen and backend != "numpy" and importlib.util.find_spec(backend) is None:
            print(f"{name:>28}  left out: {backend} is not installed")
            continue
        workload = get(name)
        if isinstance(workload, Operation):
            yield name, type(workload).of_usual_size(workload.backend, on_gpu=on_gpu and usual_size)


def worst_error(workload: Operation, *, dtype: str, device: str, seed: int, usual_size: bool) -> float:
    sizes = USUAL_BATCH_SIZES if usual_size else BATCH_SIZES
    return max(
        check(workload, batch_size=batch_size, dtype=dtype, device=device, seed=seed + i)
        for batch_size in sizes
        for i in range(1 if usual_size else SEEDS)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--device", default="cuda" if has_cuda() else "cpu")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--usual-size", action="store_true", help="sizes a GPU notices: the references take minutes")
    asked = parser.parse_args()
    on_gpu = asked.device.startswith("cuda")

    print(f"device {asked.device}, seed {asked.seed}; '-': not computed in; '!': over its tolerance")
    print(f"{'':>28} " + "".join(f"{dtype:>11}" for dtype in TOLERANCES))
    print(f"{'tolerance':>28} " + "".join(f"{limit:>11.0e}" for limit in TOLERANCES.values()), flush=True)
    checked = wrong = 0
    for name, workload in operations(asked.names, device=asked.device, usual_size=asked.usual_size):
        cells = []
        for dtype, limit in TOLERANCES.items():
            if dtype not in workload.dtypes_on(asked.device):
                cells.append(f"{'- ':>11}")
                continue
            error = worst_error(
                workload, dtype=dtype, device=asked.device, seed=asked.seed, usual_size=on_gpu and asked.usual_size
            )
            is_right = error <= limit
            checked, wrong = checked + 1, wrong + (not is_right)
            cells.append(f"{error:>10.1e}{' ' if is_right else '!'}")
        print(f"{name:>28} " + "".join(cells), flush=True)
    print(f"{checked} checked, {wrong} over their tolerance")
    return 0 if checked and not wrong else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WorkloadError as error:
        sys.exit(str(error))
