"""Two Runs under one objective: what changed, by how much, and whether it can be told from chance."""

from tradeoff.compare.attained import Attained
from tradeoff.compare.compare import compare
from tradeoff.compare.comparison import ComparedAs, Comparison

__all__ = ["Attained", "ComparedAs", "Comparison", "compare"]
