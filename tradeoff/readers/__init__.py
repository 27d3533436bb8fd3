"""Files to Runs: what was measured before, here or elsewhere."""

from tradeoff.readers.read import ReadError, read

__all__ = ["ReadError", "read"]
