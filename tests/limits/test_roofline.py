import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.limits.test_limits import limits
from tradeoff.limits import attainable_flops_per_s, pct_of_limit

POSITIVE = st.floats(min_value=1e-3, max_value=1e15)
HERE = limits(copy=1e9, float32=1e11)


def pct(**arguments):
    return pct_of_limit(
        **{"flops": 1e8, "bytes": 1e6, "calls_per_s": 500.0, "dtype": "float32", "limits": HERE, **arguments}
    )


def test_the_slower_of_arithmetic_and_memory_is_the_limit():
    assert pct(flops=1e8, bytes=1e6) == pytest.approx(50.0)  # at the ridge: both take 1 ms
    assert pct(flops=2e8, bytes=1e6) == pytest.approx(100.0)
    assert pct(flops=1.0, bytes=1e6) == pytest.approx(50.0)


def test_more_than_the_limit_is_a_finding_and_not_cut_off():
    assert pct(calls_per_s=3000.0) == pytest.approx(300.0)


@pytest.mark.parametrize("name", ["flops", "bytes", "calls_per_s"])
@pytest.mark.parametrize("unknown", [None, math.nan])
def test_what_is_not_known_gives_nan(name, unknown):
    assert math.isnan(pct(**{name: unknown}))


def test_without_limits_or_the_rate_of_the_type():
    assert math.isnan(pct(limits=None))
    assert math.isnan(pct(dtype="float16"))


def test_a_copy_needs_no_matrix_rate():
    assert pct(dtype="int8", flops=0.0, bytes=1e6) == pytest.approx(50.0)


@given(flops=POSITIVE, bytes=POSITIVE, calls=POSITIVE, scale=st.floats(min_value=1e-6, max_value=1e6))
def test_scaling_the_work_and_slowing_the_calls_alike_changes_nothing(flops, bytes, calls, scale):
    before = pct(flops=flops, bytes=bytes, calls_per_s=calls)
    assert pct(flops=scale * flops, bytes=scale * bytes, calls_per_s=calls / scale) == pytest.approx(before, rel=1e-9)


@given(flops=POSITIVE, bytes=POSITIVE, calls=POSITIVE)
def test_the_share_is_that_of_the_roof_over_the_intensity(flops, bytes, calls):
    roof = attainable_flops_per_s(flops / bytes, dtype="float32", limits=HERE)
    assert pct(flops=flops, bytes=bytes, calls_per_s=calls) == pytest.approx(100 * calls * flops / roof, rel=1e-9)


def test_the_roof_of_an_unknown_type_is_unknown():
    assert math.isnan(attainable_flops_per_s(1.0, dtype="float16", limits=HERE))
