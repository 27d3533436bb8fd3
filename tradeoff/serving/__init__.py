"""Requests and batches: what a call costs, what a batch amortises, and what people wait who share a server."""

from tradeoff.serving.drive import DriveInterrupted, drive
from tradeoff.serving.fit import Estimate
from tradeoff.serving.loads import MMPP, Constant, Gamma, Poisson
from tradeoff.serving.model import ServiceModel
from tradeoff.serving.real.replay import replay
from tradeoff.serving.rows import service
from tradeoff.serving.scalability import Scalability, scalability
from tradeoff.serving.serve import ServeInterrupted, serve
from tradeoff.serving.simulate import simulate
from tradeoff.serving.tokens import serve_tokens, simulate_tokens
from tradeoff.serving.trace import Trace

__all__ = [
    "MMPP",
    "Constant",
    "DriveInterrupted",
    "Estimate",
    "Gamma",
    "Poisson",
    "Scalability",
    "ServeInterrupted",
    "ServiceModel",
    "Trace",
    "drive",
    "replay",
    "scalability",
    "serve",
    "serve_tokens",
    "service",
    "simulate",
    "simulate_tokens",
]
