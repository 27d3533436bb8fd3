"""What runs: array operations (CuPy on a GPU, NumPy without), torch models, and the user's own."""

from tradeoff.workloads.protocol import Call, Workload, WorkloadError
from tradeoff.workloads.registry import get, names, register

__all__ = ["Call", "Workload", "WorkloadError", "get", "names", "register"]
