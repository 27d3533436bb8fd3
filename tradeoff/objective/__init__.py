"""What is optimised, under which constraint, at which load; and what answers it."""

from tradeoff.objective.decision import Decision, Verdict, decide, judge, rows_at
from tradeoff.objective.objective import Constraint, Direction, Objective, ObjectiveError, Setting

__all__ = [
    "Constraint",
    "Decision",
    "Direction",
    "Objective",
    "ObjectiveError",
    "Setting",
    "Verdict",
    "decide",
    "judge",
    "rows_at",
]
