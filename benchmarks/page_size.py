"""Size of the stand-alone page and what a second explorer in a notebook adds.

A second explorer brings the module and the style sheet once more, and its payload, which travels gzipped;
``widget_traffic.py`` counts the same on the wire. With remarks, every point has two findings and a tail in words.
Run with ``python benchmarks/page_size.py``. Targets: the page at most 2.5 MB; a second explorer at most 200 kB.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.explorer.runs import grid_run
from tradeoff.explorer.assets import plotly_bundle, stylesheet, widget_module
from tradeoff.explorer.packed import packed
from tradeoff.explorer.page import page
from tradeoff.explorer.payload import payload, to_json
from tradeoff.explorer.remarks import Remarks
from tradeoff.frames import Run

PAGE_BYTES, SECOND_BYTES = 2_500_000, 200_000


def remarks(run: Run) -> Remarks:
    """Two findings and a tail for every point, each with numbers of its own."""
    ids = list(run.points["point_id"])
    sentence = (
        "Calls per second times latency is {:.1f} % off the calls in flight: the two do not count the same requests."
    )
    rows = [
        {"point_id": name, "check": check, "severity": "warning", "sentence": sentence.format(at / 7 + len(check))}
        for at, name in enumerate(ids)
        for check in ("little", "averages")
    ]
    tail = "{:.0f} % of the extra {:.2f} ms ({:.0f} to {:.0f} %) is queue wait; halving the wait limit: p99 −{:.1f} ms."
    tails = {name: tail.format(at % 97, at / 3, at % 83, at % 99, at / 9) for at, name in enumerate(ids)}
    return Remarks(pd.DataFrame(rows), tails)


def main() -> int:
    """Print sizes for grids of several sizes; 1 when one is over its target."""
    bundle = plotly_bundle()
    print(f"plotly.js {bundle.version}: {len(bundle.source):,} B, gzipped {len(bundle.gzipped):,} B")
    print(f"explorer module {len(widget_module()):,} B, style sheet {len(stylesheet()):,} B")
    met = True
    for sizes in (4, 8, 12):
        run = grid_run(sizes=sizes, samples=2000)
        for name, said in (("", None), (" with remarks", remarks(run))):
            content = payload(run, remarks=said)
            written, plain, gzipped = len(page(content).encode()), len(to_json(content)), len(packed(content))
            second = gzipped + len(widget_module()) + len(stylesheet())
            met &= written <= PAGE_BYTES and second <= SECOND_BYTES
            print(
                f"{f'{sizes} x {sizes}{name}':21} page {written:,} B, payload {plain:,} B, gzipped {gzipped:,} B, "
                f"second explorer {second:,} B"
            )
    print(f"targets {'met' if met else 'missed'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
