"""The command line: ``tradeoff sweep | serve | simulate | drive | explore | what-if | decide | workloads | limits | doctor``.

A command imports what it needs when it runs: ``tradeoff --help`` loads no pandas.
"""

from tradeoff.cli.start import main

__all__ = ["main"]
