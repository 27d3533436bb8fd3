"""Measure how an inference system trades throughput against latency, and slide along the trade-off.

The public names are imported when they are first used (PEP 562): ``import tradeoff`` itself loads neither pandas,
plotly, torch nor CuPy.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradeoff.attainment import attained_at, attainment
    from tradeoff.audit import audit
    from tradeoff.calibrate import Calibration, calibrate
    from tradeoff.claim import Claim, ClaimError, claim, read_claim, save_claims
    from tradeoff.compare import Comparison, compare
    from tradeoff.explorer import Explorer, WhatIf
    from tradeoff.figures import (
        plot_attainment,
        plot_batch,
        plot_compare,
        plot_distribution,
        plot_formation,
        plot_frontier,
        plot_latency_breakdown,
        plot_load_curve,
        plot_roofline,
        plot_service,
        plot_tail,
    )
    from tradeoff.frames import FrameError, Run, RunFolderError
    from tradeoff.frontier import frontier
    from tradeoff.knee import knee
    from tradeoff.objective import Decision, Objective, ObjectiveError, decide
    from tradeoff.paired import PairedComparison, measure_pair
    from tradeoff.readers import ReadError, read
    from tradeoff.search.result import SearchResult
    from tradeoff.search.search import search
    from tradeoff.serving import (
        MMPP,
        Constant,
        Gamma,
        Poisson,
        Scalability,
        ServiceModel,
        Trace,
        drive,
        replay,
        scalability,
        serve,
        serve_tokens,
        service,
        simulate,
        simulate_tokens,
    )
    from tradeoff.slo import SLO, SLOError, with_slo
    from tradeoff.sweep.sweep import sweep
    from tradeoff.tail import TailExplanation, explain_tail, explain_tails
    from tradeoff.timing import Budget
    from tradeoff.workloads import WorkloadError

__version__ = "0.1.0"

__all__ = [
    "MMPP",
    "SLO",
    "Budget",
    "Calibration",
    "Claim",
    "ClaimError",
    "Comparison",
    "Constant",
    "Decision",
    "Explorer",
    "FrameError",
    "Gamma",
    "Objective",
    "ObjectiveError",
    "PairedComparison",
    "Poisson",
    "ReadError",
    "Run",
    "RunFolderError",
    "SLOError",
    "Scalability",
    "SearchResult",
    "ServiceModel",
    "TailExplanation",
    "Trace",
    "WhatIf",
    "WorkloadError",
    "attained_at",
    "attainment",
    "audit",
    "calibrate",
    "claim",
    "compare",
    "decide",
    "drive",
    "explain_tail",
    "explain_tails",
    "frontier",
    "knee",
    "measure_pair",
    "plot_attainment",
    "plot_batch",
    "plot_compare",
    "plot_distribution",
    "plot_formation",
    "plot_frontier",
    "plot_latency_breakdown",
    "plot_load_curve",
    "plot_roofline",
    "plot_service",
    "plot_tail",
    "read",
    "read_claim",
    "replay",
    "save_claims",
    "scalability",
    "search",
    "serve",
    "serve_tokens",
    "service",
    "simulate",
    "simulate_tokens",
    "sweep",
    "with_slo",
]

_HOME = {
    "MMPP": "serving",
    "SLO": "slo",
    "SLOError": "slo",
    "Constant": "serving",
    "Gamma": "serving",
    "Poisson": "serving",
    "Trace": "serving",
    "simulate": "serving",
    "simulate_tokens": "serving",
    "Budget": "timing",
    "Calibration": "calibrate",
    "Claim": "claim",
    "ClaimError": "claim",
    "Comparison": "compare",
    "Decision": "objective",
    "Explorer": "explorer",
    "FrameError": "frames",
    "Objective": "objective",
    "ObjectiveError": "objective",
    "PairedComparison": "paired",
    "ReadError": "readers",
    "Run": "frames",
    "RunFolderError": "frames",
    "Scalability": "serving",
    "SearchResult": "search.result",
    "ServiceModel": "serving",
    "TailExplanation": "tail",
    "WhatIf": "explorer",
    "WorkloadError": "workloads",
    "attained_at": "attainment",
    "attainment": "attainment",
    "audit": "audit",
    "calibrate": "calibrate",
    "claim": "claim",
    "compare": "compare",
    "decide": "objective",
    "drive": "serving",
    "explain_tail": "tail",
    "explain_tails": "tail",
    "frontier": "frontier",
    "knee": "knee",
    "measure_pair": "paired",
    "plot_attainment": "figures",
    "plot_batch": "figures",
    "plot_compare": "figures",
    "plot_distribution": "figures",
    "plot_formation": "figures",
    "plot_frontier": "figures",
    "plot_latency_breakdown": "figures",
    "plot_load_curve": "figures",
    "plot_roofline": "figures",
    "plot_service": "figures",
    "plot_tail": "figures",
    "read": "readers",
    "read_claim": "claim",
    "replay": "serving",
    "save_claims": "claim",
    "scalability": "serving",
    "search": "search.search",
    "serve": "serving",
    "serve_tokens": "serving",
    "service": "serving",
    "sweep": "sweep.sweep",
    "with_slo": "slo",
}
"""Public name to the submodule it is defined in."""

_SUBMODULES = (
    "environment", "explorer", "figures", "frames", "limits", "objective", "readers", "serving", "stats", "tail",
    "timing", "workloads",
)  # fmt: skip
"""Submodules that ``import tradeoff`` makes reachable, as in ``tradeoff.workloads.names()``."""


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES})


class _Package(ModuleType):
    """The type of this module: it decides what the import system may bind in it.

    ``tradeoff.sweep``, ``tradeoff.audit`` and their like are functions in submodules of the same name.
    When a submodule has been imported, Python binds it as an attribute of its package, which would hide the function;
    here it does not.
    ``from tradeoff.sweep import …`` finds the submodule all the same, for that looks in ``sys.modules``.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)
        if name == "frames" and isinstance(value, ModuleType):
            _register_accessor()


def _register_accessor() -> None:
    import_module(f"{__name__}.accessor")


sys.modules[__name__].__class__ = _Package
# The accessor needs pandas: who has loaded it gets ``points.tradeoff`` now, the others with the frames.
if "pandas" in sys.modules:
    _register_accessor()
