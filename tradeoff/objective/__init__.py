"""What is optimised, under which constraint, at which load; and what answers it."""

from tradeoff.objective.deciding import decide
from tradeoff.objective.decision import Decision, Verdict
from tradeoff.objective.judging import judge, rows_at
from tradeoff.objective.objective import Constraint, Direction, Objective, ObjectiveError, Setting
from tradeoff.objective.room import Room
from tradeoff.objective.words import describe

__all__ = [
    "Constraint",
    "Decision",
    "Direction",
    "Objective",
    "ObjectiveError",
    "Room",
    "Setting",
    "Verdict",
    "decide",
    "describe",
    "judge",
    "rows_at",
]
