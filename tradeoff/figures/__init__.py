"""Plots: a frame in, a plotly Figure out; nothing is shown.

Each plot is a pure step that works out what to draw, and a step that draws it.
"""

from tradeoff.figures.attainment import plot_attainment
from tradeoff.figures.batch import plot_batch
from tradeoff.figures.breakdown import plot_latency_breakdown
from tradeoff.figures.compare import plot_compare
from tradeoff.figures.distribution import plot_distribution
from tradeoff.figures.formation import plot_formation
from tradeoff.figures.frontier import plot_frontier
from tradeoff.figures.load_curve import plot_load_curve
from tradeoff.figures.roofline import plot_roofline
from tradeoff.figures.service import plot_service
from tradeoff.figures.tail import plot_tail

__all__ = [
    "plot_attainment",
    "plot_batch",
    "plot_compare",
    "plot_distribution",
    "plot_formation",
    "plot_frontier",
    "plot_latency_breakdown",
    "plot_load_curve",
    "plot_roofline",
    "plot_service",
    "plot_tail",
]
