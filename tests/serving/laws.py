"""What holds of the row of any served run, whatever happened in it."""

from __future__ import annotations

import math

import pytest


def keeps_the_laws(row, samples):
    """Everything in a row speaks of one window, and the samples say which requests those are."""
    inside = samples[samples["phase"] == "measure"]
    count = inside["status"].value_counts()
    assert row["n"] == count.get("ok", 0)
    assert row["n_errors"] == count.get("error", 0) + count.get("timeout", 0)
    assert row["n_rejected"] == count.get("rejected", 0)
    assert row["n"] + row["n_errors"] + row["n_rejected"] == len(inside), "nobody is unfinished in the window"
    if not row["n"]:
        assert row["status"] in ("failed", "saturated")
        assert row["reason"]
        return
    assert row["rejection_rate"] == pytest.approx(row["n_rejected"] / len(inside))
    assert 0.0 < row["throughput_rps"] < math.inf
    assert row["n"] / row["duration_s"] == pytest.approx(row["throughput_rps"], rel=1e-9)
    utilisation = row.get("utilisation", math.nan)
    assert math.isnan(utilisation) or 0.0 <= utilisation <= 1.0 + 1e-9
    if row.get("latency_mean_ms", math.nan) > 0:
        answered = inside.loc[inside["status"] == "ok", "latency_ns"].to_numpy(dtype=float)
        assert row["latency_mean_ms"] == pytest.approx(answered.mean() / 1e6, rel=1e-6)
        assert row["duration_s"] * 1e3 >= row["latency_mean_ms"] * (1 - 1e-6), "the window holds the work"
