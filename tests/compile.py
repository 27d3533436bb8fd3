"""Compile the inner loops and keep them on disk, so that two workers do not both do it: ``python -m tests.compile``."""

from tradeoff.serving.virtual.compiled import compiled, is_kept
from tradeoff.serving.virtual.engine import try_out

if __name__ == "__main__":
    if not is_kept():
        try_out(compiled())
