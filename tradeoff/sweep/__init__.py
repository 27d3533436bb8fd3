"""Workloads × grid → Run: every point isolated, committed as it is finished, and taken up again after a kill."""

from tradeoff.arguments import ArgumentError
from tradeoff.sweep.sweep import SweepInterrupted, sweep, swept

__all__ = ["ArgumentError", "SweepInterrupted", "sweep", "swept"]
