"""How one call is timed: clocks, warm-up, blocks, the stop rule, and the row that comes of it."""

from tradeoff.timing.budget import BUDGETS, Budget, as_budget
from tradeoff.timing.conditions import CACHES, MODES, REGIMES, Conditions, ConditionsError
from tradeoff.timing.host import HostRunner
from tradeoff.timing.measure import measure
from tradeoff.timing.measurement import Measurement
from tradeoff.timing.runner import Runner
from tradeoff.timing.threads import is_gil_bound

__all__ = [
    "BUDGETS",
    "CACHES",
    "MODES",
    "REGIMES",
    "Budget",
    "Conditions",
    "ConditionsError",
    "HostRunner",
    "Measurement",
    "Runner",
    "as_budget",
    "is_gil_bound",
    "measure",
]
