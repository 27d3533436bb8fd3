"""A service model in words."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from tradeoff.digits import three as three_digits
from tradeoff.serving.fit import Estimate

if TYPE_CHECKING:
    from tradeoff.serving.model import ServiceModel


def told(model: ServiceModel) -> str:
    """Tell a model in sentences for somebody who has not met one."""
    sizes = sorted(set(model.batch_size))
    if not sizes:
        return "No batch size has a time: there is nothing to fit."
    if model.fit is None:
        return f"One batch size ({sizes[0]:g}) cannot tell what a call costs from what a request costs: measure others."
    said = [_cost(model), *_gain(model, largest=sizes[-1])]
    if model.is_poor:
        return " ".join(
            [
                f"Times stray {three(model.scatter_pct)} % from the {model.form} form: what follows is a poor summary.",
                *said,
            ]
        )
    return " ".join([*said, *_trust(model, sizes)])


def three(value: float) -> str:
    """Write a number with three significant digits, a whole one without a point."""
    text = three_digits(value)
    return text.removesuffix("0").removesuffix("0").removesuffix(".") if re.fullmatch(r"-?\d+\.0+", text) else text


def between(estimate: Estimate, unit: str = "") -> str:
    """Write an estimate with its interval: ``1.20 ms (1.10 to 1.30)``."""
    value = f"{three(estimate.value)} {unit}".rstrip()
    if math.isnan(estimate.lo) and math.isnan(estimate.hi):
        return f"{value} (interval unknown)"
    return f"{value} ({three(estimate.lo)} to {three(estimate.hi)})"


def batch(estimate: Estimate) -> str:
    """Write a batch size with its interval: ``24 (22 to 27)``."""
    value, low, high = (_size(end) for end in estimate)
    return f"{value} ({low} to {high})"


def _size(value: float) -> str:
    if value < 1:
        return "below 1"
    return f"{value:.0f}" if 10 <= value < 1000 else three(value)


def _cost(model: ServiceModel) -> str:
    fixed, marginal = model.fixed_ms, model.marginal_ms
    if not model.grows:
        measurably = "measurably " if marginal.value > 0 else ""
        return (
            f"Over the measured sizes a call does not {measurably}take longer the larger its batch: "
            f"{between(marginal, 'ms')} for each further request."
        )
    if model.form == "roofline":
        return (
            f"Up to batch {batch(model.kink_batch)} a call takes {three(model.time_ms(0.0).item())} ms whatever its "
            f"batch: something that all requests share, such as reading weights, takes longest. From there on each "
            f"further request costs {between(marginal, 'ms')}."
        )
    if not fixed.value > 0:
        return (
            f"Each request costs {between(marginal, 'ms')}, and a call has no fixed cost: {between(fixed, 'ms')}. "
            "The time grows at least as fast as the batch."
        )
    sure = "" if fixed.lo > 0 else " Whether there is a fixed cost at all is not certain."
    return (
        f"A call costs {between(fixed, 'ms')} whatever its batch, and {between(marginal, 'ms')} for each request.{sure}"
    )


def _gain(model: ServiceModel, *, largest: float) -> list[str]:
    half, halving, limit = model.half_throughput_batch, model.halving_batch, model.limit_rps
    if not model.grows:
        return [
            "So far larger batches are free, as far as can be told: measure larger ones, for what is said of sizes "
            f"beyond {largest:g} is extrapolation."
        ]
    if math.isnan(halving.value):
        return ["So a batch amortises nothing: it only makes requests wait."]
    most = f"the highest throughput, {three(limit.value)} requests/s for one call after another,"
    reached = f"Half of {most} is reached at batch {batch(half)}"
    if half.value <= 1:
        reached = f"Batch 1 reaches more than half of {most} already"
    said = [
        f"{reached}; beyond batch {batch(halving)} one more request gains less than half of what it gained at batch 1."
    ]
    if max(half.value, halving.value) > largest:
        said.append(f"The largest size measured is {largest:g}: beyond it this is extrapolation.")
    return said


def _trust(model: ServiceModel, sizes: list[float]) -> list[str]:
    if not model.is_checked:
        words = {2: "Two sizes always lie on a line"}.get(len(sizes), "So few sizes always fit")
        return [f"{words}: measure more to see whether it holds."]
    if model.scatter_pct > 0:
        return [f"Times stray {three(model.scatter_pct)} % from this form, beyond their own intervals."]
    return []
