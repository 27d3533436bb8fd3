import json
import math
from datetime import UTC, datetime

import pytest

from tests.limits.scripted import Memory, Scripted
from tradeoff.limits import LimitsError, measure_limits
from tradeoff.limits import measure as measuring
from tradeoff.timing.fake import FakeRunner


def measured(machine, **options):
    return measure_limits(machine=machine, remember=False, **{"seconds": 0.1, **options})


@pytest.mark.parametrize("asynchronous", ["", "events", "pipelined"])
def test_the_rates_of_the_script_are_found(asynchronous):
    machine = Scripted(asynchronous=asynchronous)
    limits = measured(machine)
    assert limits.copy_bytes_per_s == pytest.approx(4e12, rel=1e-3)
    assert limits.matrix_flops_per_s == pytest.approx({"float32": 5e13, "bfloat16": 8e14}, rel=1e-3)
    for name, rate in (("copy", limits.copy_bytes_per_s), *limits.matrix_flops_per_s.items()):
        low, high = limits.intervals[name]
        assert low * (1 - 1e-9) <= rate <= high * (1 + 1e-9)
    assert (limits.device, limits.backend, machine.closed) == ("a scripted device", "numpy", 1)
    json.dumps(limits.to_dict(), allow_nan=False)


def test_the_size_that_does_best_is_taken():
    machine = Scripted(half=512, asynchronous="pipelined")
    limits = measured(machine, dtypes=["bfloat16"], seconds=1.0)
    assert limits.how["bfloat16"]["size"] == 16384
    assert limits.matrix_flops_per_s["bfloat16"] == pytest.approx(8e14 * 16384 / (16384 + 512), rel=1e-3)


def test_sizes_end_where_a_product_would_take_too_long():
    machine = Scripted(rates={"float64": 1e9})
    limits = measured(machine, seconds=0.9)
    # 256**3 * 2 / 1e9 is 34 ms; at 512 it is 268 ms, and nine of them do not fit; but so far every device is tried.
    assert {size for _, size in machine.sizes} == {128, 256, 512}
    assert limits.matrix_flops_per_s["float64"] == pytest.approx(1e9, rel=1e-3)


def test_products_too_short_to_time_are_no_evidence():
    machine = Scripted(rates={"float16": 1e18}, asynchronous="pipelined", memory=Memory(free=10 << 30))
    limits = measured(machine)  # at 16 384 a product takes 8.8 us: the largest is all there is
    assert limits.how["float16"]["size"] == 16384
    fast_when_small = Scripted(rates={"float16": 1e12})
    usual = fast_when_small.products
    fast_when_small.products = lambda size, dtype: usual(size if size > 256 else 1, dtype)
    assert measured(fast_when_small).matrix_flops_per_s["float16"] == pytest.approx(1e12, rel=1e-3)


def test_sizes_end_where_the_memory_does():
    machine = Scripted(memory=Memory(cache_bytes=1 << 20, free=256 << 20))
    measured(machine, dtypes=["float32"])
    assert max(size for _, size in machine.sizes) == 2048  # three of 16 MiB, of a quarter of 256


def test_a_device_slower_than_any_patience_still_has_a_rate():
    limits = measured(Scripted(rates={"float16": 1e6}), seconds=0.01)
    assert limits.matrix_flops_per_s["float16"] == pytest.approx(1e6, rel=1e-3)


def test_a_copy_is_many_times_the_cache_and_fits_the_memory():
    machine = Scripted(memory=Memory(cache_bytes=1 << 30), copy_bytes=2 << 30)
    measured(machine)
    assert machine.copied == [8 << 30]
    machine = Scripted(memory=Memory(cache_bytes=1 << 20, free=1 << 30), copy_bytes=2 << 30)
    measured(machine, dtypes=["float32"])
    assert machine.copied == [128 << 20]


def test_no_room_for_a_copy_is_a_sentence():
    machine = Scripted(memory=Memory(cache_bytes=1 << 30, free=1 << 30))
    with pytest.raises(LimitsError, match="free some memory"):
        measured(machine)
    assert machine.closed == 1


def test_types_nobody_asked_for_are_left_out_and_the_reason_is_kept():
    machine = Scripted()
    machine.__class__ = type("Half", (Scripted,), {"dtypes": property(lambda self: ["float32", "float64"])})
    limits = measured(machine)
    assert list(limits.matrix_flops_per_s) == ["float32"]
    assert "float64" in limits.how["skipped"]["float64"]
    with pytest.raises(ValueError, match="float64"):
        measured(Scripted(), dtypes=["float64"])


def test_what_a_library_raises_becomes_a_sentence():
    with pytest.raises(LimitsError, match="RuntimeError: out of scripted memory"):
        measured(Scripted(largest=256), dtypes=["float32"])


def test_a_call_that_fails_is_a_sentence():
    machine = Scripted()
    machine.products = lambda size, dtype: [lambda: 1 / 0]
    with pytest.raises(LimitsError, match="ZeroDivisionError"):
        measured(machine, dtypes="float32")


def test_calls_in_flight_work_together():
    runner = FakeRunner(duration_ns=lambda slot, number: 1_000_000)
    rate = measuring._rate(runner, [lambda: None] * 4, work=4e9, seconds=0.1)
    assert rate.value == pytest.approx(4e12)


def test_few_calls_have_a_rate_and_no_interval(monkeypatch):
    monkeypatch.setattr(measuring, "_CALLS", 3)
    rate = measuring._rate(FakeRunner(duration_ns=lambda slot, n: 10**9), [lambda: None], work=1.0, seconds=0.01)
    assert rate.value == pytest.approx(1.0)
    assert math.isnan(rate.lo)


def test_when_is_in_utc():
    when = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert measured(Scripted(), dtypes=[], now=lambda: when).measured_at == "2026-01-31T12:00:00Z"


def test_only_what_is_asked_for_is_measured_and_each_once():
    assert list(measured(Scripted(), dtypes=["bfloat16", "bfloat16"]).matrix_flops_per_s) == ["bfloat16"]
    assert measured(Scripted(), dtypes=()).matrix_flops_per_s == {}


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, "1", True])
def test_seconds_must_be_some(seconds):
    with pytest.raises(LimitsError, match="seconds="):
        measured(Scripted(), seconds=seconds)


def test_a_type_nobody_knows():
    with pytest.raises(LimitsError, match="dtypes='float8' is not known: use some of float64"):
        measured(Scripted(), dtypes=["float8"])


def test_the_result_is_remembered_unless_told_otherwise(monkeypatch):
    kept = []
    monkeypatch.setattr(measuring, "keep", kept.append)
    limits = measure_limits(machine=Scripted(), dtypes=[])
    assert kept == [limits]
    measured(Scripted(), dtypes=[])
    assert kept == [limits]
