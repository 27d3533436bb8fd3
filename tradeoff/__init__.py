"""Measure how an inference system trades throughput against latency, and slide along the trade-off."""

__version__ = "0.1.0"
