"""Why slow requests are slow: what they have that others lack, which cause stands out, and what would change it."""

from tradeoff.tail.causes import CAUSES
from tradeoff.tail.explain import explain_samples, explain_tail, explain_tails
from tradeoff.tail.explanation import TailExplanation

__all__ = ["CAUSES", "TailExplanation", "explain_samples", "explain_tail", "explain_tails"]
