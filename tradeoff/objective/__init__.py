"""What is optimised, under which constraint, at which load; and what answers it."""

from tradeoff.objective.decision import Decision, Verdict, decide, judge
from tradeoff.objective.grammar import Constraint, Objective, ObjectiveError, Setting

__all__ = ["Constraint", "Decision", "Objective", "ObjectiveError", "Setting", "Verdict", "decide", "judge"]
