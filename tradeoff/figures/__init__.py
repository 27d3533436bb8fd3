"""Plots: a frame in, a plotly Figure out; nothing is shown.

Each plot is a pure step that works out what to draw, and a step that draws it.
"""

from tradeoff.figures.frontier import plot_frontier

__all__ = ["plot_frontier"]
