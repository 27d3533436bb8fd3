"""Models that answer token by token: continuous batching."""

from tradeoff.serving.tokens.simulate import simulate_tokens

__all__ = ["simulate_tokens"]
