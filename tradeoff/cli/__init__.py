"""The command line: ``tradeoff sweep | explore | decide | workloads | doctor``.

A command imports what it needs when it runs: ``tradeoff --help`` loads no pandas.
"""

from tradeoff.cli.app import app, main

__all__ = ["app", "main"]
