"""How one call is timed: clocks, warm-up, blocks, the stop rule, and the row that comes of it."""

from tradeoff.timing.budget import BUDGETS, Budget, as_budget
from tradeoff.timing.host import HostRunner
from tradeoff.timing.measure import Measurement, measure
from tradeoff.timing.runner import Runner
from tradeoff.timing.threads import is_gil_bound

__all__ = ["BUDGETS", "Budget", "HostRunner", "Measurement", "Runner", "as_budget", "is_gil_bound", "measure"]
