"""``tradeoff limits``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated

import typer

from tradeoff.cli.outcome import told_in_a_sentence
from tradeoff.cli.output import complain, say, table, three_digits

if TYPE_CHECKING:
    from tradeoff.limits import Limits

_WIDE = 0.2
"""An interval wider than this share of its rate is not what a device does that is left alone."""


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
        from tradeoff.sweep.turn import turn_on

        dtypes = None if dtype is None else [part.strip() for part in dtype.split(",")]
        if not as_json:
            complain("Measuring …")
        with turn_on(_gpu(device) or "cpu"):
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
    varied = [name for name in ("copy", *found.matrix_flops_per_s) if _varies(found, name)]
    if varied:
        say(
            f"The rate of {', '.join(varied)} varied: something else may be using the device. Measure again when it "
            "has nothing else to do, or longer: --seconds 5."
        )
    for name, why in found.how.get("skipped", {}).items():
        say(f"{name} was left out: {why}")


def _gpu(device: str | None) -> str | None:
    """Name the GPU that is asked for, if one is and it is here: a sweep may be measuring on it."""
    from tradeoff.workloads.devices import has_cuda

    asked = "cuda" if device is None else device
    return asked if re.fullmatch(r"cuda(:\d{1,3})?", asked) and has_cuda() else None


def _varies(found: Limits, name: str) -> bool:
    rate = found.copy_bytes_per_s if name == "copy" else found.matrix_flops_per_s[name]
    low, high = found.intervals.get(name, (float("nan"), float("nan")))
    return not high - low <= _WIDE * rate


def _told(found: Limits, name: str, rate: float, unit: float, word: str) -> tuple[str, str]:
    if rate >= 1000 * unit:
        unit, word = 1000 * unit, word.replace("G", "T")
    low, high = found.intervals.get(name, (float("nan"), float("nan")))
    between = f"{three_digits(low / unit)} to {three_digits(high / unit)}" if low == low else ""
    return f"{three_digits(rate / unit)} {word}", between
