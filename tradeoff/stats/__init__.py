"""Quantiles with intervals, dependence, mergeable histograms: pure functions of arrays, unaware of benchmarks."""
