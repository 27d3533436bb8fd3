"""Models that answer token by token: continuous batching."""

from tradeoff.serving.tokens.serve import serve_tokens
from tradeoff.serving.tokens.simulate import simulate_tokens
from tradeoff.serving.tokens.transformer import TokenModel, Transformer

__all__ = ["TokenModel", "Transformer", "serve_tokens", "simulate_tokens"]
