"""What a device can do at most: bytes it copies a second, and arithmetic it does a second when it multiplies matrices.

Measured once a device (`measure_limits`), remembered for the user (`known_limits`), recorded with a Run
(``environment["limits"]``), and compared with what a workload reached (`pct_of_limit`).
"""

from tradeoff.limits.cache import known_limits, remember
from tradeoff.limits.limits import Limits, LimitsError, limits_for, recorded_limits
from tradeoff.limits.machine import device_name
from tradeoff.limits.measure import measure_limits
from tradeoff.limits.roofline import attainable_flops_per_s, pct_of_limit

__all__ = [
    "Limits",
    "LimitsError",
    "attainable_flops_per_s",
    "device_name",
    "known_limits",
    "limits_for",
    "measure_limits",
    "pct_of_limit",
    "recorded_limits",
    "remember",
]
