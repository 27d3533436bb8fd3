"""What runs: array operations (CuPy on a GPU, NumPy without), torch models, and the user's own."""

from tradeoff.workloads.anything import as_workload
from tradeoff.workloads.protocol import Call, Workload, WorkloadError
from tradeoff.workloads.registry import backends, get, names, register

__all__ = ["Call", "Workload", "WorkloadError", "as_workload", "backends", "get", "names", "register"]
