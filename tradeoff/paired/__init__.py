"""Before and after, measured in turns on one machine in the same minutes."""

from tradeoff.paired.comparison import PairedComparison, PairedMetric
from tradeoff.paired.measuring import PairInterrupted, measure_pair

__all__ = ["PairInterrupted", "PairedComparison", "PairedMetric", "measure_pair"]
