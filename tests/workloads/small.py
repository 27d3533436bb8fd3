"""Every operation of the catalogue in a size that a test has time for."""

from __future__ import annotations

import importlib

from tradeoff.workloads import registry
from tradeoff.workloads.operation import Operation

SIZES = {
    "attention_decode": {"heads": 4, "kv_heads": 2, "context": 9, "head_width": 4},
    "attention_prefill": {"heads": 2, "length": 8, "head_width": 4},
    "conv2d": {"channels": 3, "filters": 5, "size": 6},
    "copy": {"width": 301},
    "embedding": {"tokens": 5, "vocabulary": 17, "width": 6},
    "fft": {"rows": 2, "width": 48},
    "gemm": {"rows": 2, "inner": 40, "outer": 30},
    "layer_norm": {"rows": 2, "width": 50},
    "mlp": {"width": 16, "hidden": 32},
    "reduction": {"rows": 2, "width": 301},
    "resnet_block": {"channels": 3, "size": 5},
    "saxpy": {"width": 301},
    "softmax": {"rows": 2, "width": 301},
    "sort": {"rows": 2, "width": 301},
    "transformer_decode": {"width": 16, "heads": 4, "kv_heads": 2, "hidden": 24, "context": 9},
    "transformer_prefill": {"width": 16, "heads": 4, "kv_heads": 2, "hidden": 24, "length": 5},
}


def small(name: str, **sizes: int) -> Operation:
    """Return the operation known by its full name, small."""
    backend, _, operation = name.partition(".")
    module, _, attribute = registry._BUILT_IN[name].partition(":")
    made = getattr(importlib.import_module(f"tradeoff.workloads.operations.{module}"), attribute)
    return made(backend=backend, **(SIZES[operation] | sizes))


def names_of(*backends: str) -> list[str]:
    """Full names of the catalogue's operations that these backends run."""
    return [name for name in registry._BUILT_IN if name.partition(".")[0] in backends]
