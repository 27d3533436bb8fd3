"""The command line: ``tradeoff sweep``, ``explore``, ``what-if``, ``serve``, ... as ``tradeoff --help`` lists them.

A command imports what it needs when it runs: ``tradeoff --help`` loads no pandas.
"""

from tradeoff.cli.start import main

__all__ = ["main"]
