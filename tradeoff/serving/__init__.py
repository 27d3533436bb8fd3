"""Requests and batches: what a call costs at every batch size, and what a batch amortises."""

from tradeoff.serving.fit import Estimate
from tradeoff.serving.model import ServiceModel
from tradeoff.serving.rows import service

__all__ = ["Estimate", "ServiceModel", "service"]
