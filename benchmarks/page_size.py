"""Size of the page that `tradeoff.Explorer(run).save` writes, and what a second explorer in a notebook adds.

A second explorer sends its whole public state once more: the module, the style sheet and its payload, which travels
gzipped; ``widget_traffic.py`` counts the same on the wire. With findings, every point's throughput is 30 % off what its
latency allows, so that the audit has something to say of each.
Run with ``python benchmarks/page_size.py``. Targets: the page at most 2.5 MB; a second explorer at most 200 kB.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tradeoff
from tests.explorer.runs import grid_run
from tradeoff.frames import Run

PAGE_BYTES, SECOND_BYTES = 2_500_000, 200_000


def contradicted(run: Run) -> Run:
    """Return `run` with a throughput that its latencies rule out, at every point."""
    points = run.points.copy()
    for column in points.columns:
        if column.startswith("throughput_rps"):
            points[column] *= 1.3
    return replace(run, points=points)


def sizes_of(run: Run, target: Path) -> tuple[int, int, int]:
    """Return the bytes of the page, of the payload in a notebook, and of a whole explorer there."""
    explorer = tradeoff.Explorer(run)
    state = explorer.get_state()
    payload = len(state["payload"])
    sent = payload + len(state["_esm"].encode()) + len(state["_css"].encode())
    return explorer.save(target).stat().st_size, payload, sent


def main() -> int:
    """Print sizes for grids of several sizes; 1 when one is over its target."""
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for sizes in (4, 8, 12):
            run = grid_run(sizes=sizes, samples=2000)
            for name, shown in (("", run), (" with findings", contradicted(run))):
                written, payload, second = sizes_of(shown, Path(folder) / "page.html")
                met &= written <= PAGE_BYTES and second <= SECOND_BYTES
                print(
                    f"{f'{sizes} x {sizes}{name}':22} page {written:,} B, payload gzipped {payload:,} B, "
                    f"second explorer {second:,} B"
                )
    print(f"targets {'met' if met else 'missed'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
