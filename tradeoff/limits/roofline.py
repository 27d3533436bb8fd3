"""The roofline: what the limits of a device allow a workload.

A call needs ``flops`` operations and moves ``bytes``. It takes at least as long as the slower of the two:

      time >= max(flops / F, bytes / B)          F: matrix rate of the number type, B: copy bandwidth

so a workload of arithmetic intensity I = flops / bytes computes at most min(F, B I) operations a second (Williams,
Waterman and Patterson, *Roofline: an insightful visual performance model for multicore architectures*, Communications
of the ACM 52(4), 2009). Over batch size I grows where a batch shares what it reads, such as weights: a small batch
moves bytes, a large one computes.
"""

from __future__ import annotations

import math

from tradeoff.limits.limits import Limits


def pct_of_limit(
    *, flops: float | None, bytes: float | None, calls_per_s: float | None, dtype: str, limits: Limits | None
) -> float:
    """Return the share of the device's limit that a workload reached, in percent.

    100 × calls per second × the least time that a call needs by the roofline (Williams, Waterman and Patterson 2009).

    Parameters
    ----------
    flops
        Floating-point operations of one call.
    bytes
        Bytes one call must move at least.
    calls_per_s
        Calls completed a second, of all in flight together.
    dtype
        The number type, whose matrix rate is the limit of arithmetic.
    limits
        Of the device; None when they are not known.

    Returns
    -------
    float
        NaN when something that it takes is not known. Above 100 when less was moved than `bytes`, because data stayed
        in a cache: a finding, and not cut off.
    """
    least_s = least_seconds(flops=flops, bytes=bytes, dtype=dtype, limits=limits)
    return math.nan if calls_per_s is None else 100.0 * calls_per_s * least_s


def least_seconds(*, flops: float | None, bytes: float | None, dtype: str, limits: Limits | None) -> float:
    """Return the time that one call takes at least; NaN when something that it takes is not known.

    Parameters as in `pct_of_limit`. A call without arithmetic needs no matrix rate.
    """
    if limits is None or flops is None or bytes is None:
        return math.nan
    arithmetic_s = 0.0 if flops == 0 else flops / limits.matrix_flops_per_s.get(dtype, math.nan)
    moving_s = bytes / limits.copy_bytes_per_s
    return math.nan if math.isnan(arithmetic_s) or math.isnan(moving_s) else max(arithmetic_s, moving_s)


def attainable_flops_per_s(intensity: float, *, dtype: str, limits: Limits) -> float:
    """Return the roof over an arithmetic intensity (flop/byte): min(F, B × intensity).

    NaN when the matrix rate of `dtype` is not known.
    """
    rate = limits.matrix_flops_per_s.get(dtype, math.nan)
    return math.nan if math.isnan(rate) else min(rate, limits.copy_bytes_per_s * intensity)
