"""Size of the stand-alone page and what a second explorer in a notebook adds.

Run with ``python benchmarks/page_size.py``. Targets: the page at most 2.5 MB; a second explorer at most 200 kB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.explorer.runs import grid_run
from tradeoff.explorer import save_page
from tradeoff.explorer.assets import plotly_bundle, stylesheet, widget_module
from tradeoff.explorer.payload import payload, to_json


def main() -> None:
    """Print sizes for grids of several sizes."""
    bundle = plotly_bundle()
    print(f"plotly.js {bundle.version}: {len(bundle.source):,} B, gzipped {len(bundle.gzipped):,} B")
    print(f"explorer module {len(widget_module()):,} B, style sheet {len(stylesheet()):,} B")
    with tempfile.TemporaryDirectory() as folder:
        for sizes in (4, 8, 12):
            run = grid_run(sizes=sizes, samples=2000)
            page = save_page(run, Path(folder) / "page.html").stat().st_size
            content = len(to_json(payload(run)))
            state = content + len(widget_module()) + len(stylesheet())
            print(f"{sizes:>2} x {sizes:<2} grid: page {page:,} B, payload {content:,} B, second explorer {state:,} B")


if __name__ == "__main__":
    main()
