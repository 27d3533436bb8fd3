"""``tradeoff limits``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import complain, say, table, three_digits

if TYPE_CHECKING:
    from tradeoff.limits import Limits


def limits(
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or cuda:1; the GPU where there is one by default.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="numpy, cupy or torch; the one that suits the device by default.")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32, float64, float16, bfloat16, tf32, or several; all by default.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long each rate is measured.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON, and nothing else.")] = False,
) -> None:
    """Measure how fast a device copies and multiplies matrices, and remember it.

    Exit status: 0, or 2 for arguments that cannot be used.
    """
    with told_in_a_sentence():
        from tradeoff.limits import known_limits, measure_limits

        dtypes = None if dtype is None else [part.strip() for part in dtype.split(",")]
        if not as_json:
            complain("Measuring …")
        found = measure_limits(device, backend=backend, dtypes=dtypes, seconds=seconds)
        if as_json:
            typer.echo(json.dumps(found.to_dict(), indent=1, allow_nan=False))
            return
        report(found)
        if known_limits(found.device, found.backend) != found:
            complain("Note: it could not be remembered; the cache folder cannot be written.")


def report(found: Limits) -> None:
    """Print limits as a table, with the intensity at which arithmetic becomes the limit."""
    rows = [("copy", *_told(found, "copy", found.copy_bytes_per_s, 1e9, "GB/s"), "")]
    for dtype, rate in found.matrix_flops_per_s.items():
        ridge = f"{three_digits(found.ridge_flops_per_byte(dtype))} flop/byte"
        rows.append((f"{dtype} matrices", *_told(found, dtype, rate, 1e9, "Gflop/s"), ridge))
    columns = ("limit", "rate", "(95 %)", "computes rather than moves from")
    table(columns, rows, title=f"Limits of {found.device}, by {found.backend}", numeric=("rate", "(95 %)"))
    for name, why in found.how.get("skipped", {}).items():
        say(f"{name} was left out: {why}")


def _told(found: Limits, name: str, rate: float, unit: float, word: str) -> tuple[str, str]:
    if rate >= 1000 * unit:
        unit, word = 1000 * unit, word.replace("G", "T")
    low, high = found.intervals.get(name, (float("nan"), float("nan")))
    between = f"{three_digits(low / unit)} to {three_digits(high / unit)}" if low == low else ""
    return f"{three_digits(rate / unit)} {word}", between
