import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.limits import Limits, LimitsError, limits_for, recorded_limits

RATES = st.floats(min_value=1.0, max_value=1e16)


def limits(device="a GPU", backend="torch", *, copy=4e12, **rates) -> Limits:
    return Limits(device, backend, copy, rates or {"float32": 5e13}, "2026-01-31T12:00:00Z")


@given(copy=RATES, rates=st.dictionaries(st.sampled_from(["float32", "bfloat16"]), RATES))
def test_json_gives_back_what_was_written(copy, rates):
    before = Limits(
        "a GPU", "torch", copy, rates, "2026-01-31T12:00:00Z", {"copy": {"n": 9}}, {"copy": (copy / 2, copy * 2)}
    )
    assert Limits.from_dict(json.loads(json.dumps(before.to_dict(), allow_nan=False))) == before
    assert pickle.loads(pickle.dumps(before)) == before  # noqa: S301  # our own


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf, "4e12", None, True])
def test_a_rate_that_no_device_has(rate):
    with pytest.raises(LimitsError, match="'copy'"):
        limits(copy=rate)
    with pytest.raises(LimitsError, match="'float16'"):
        limits(float16=rate)


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "limits",
        {},
        {"device": 3, "backend": "torch", "measured_at": ""},
        {"device": "a", "backend": "b", "measured_at": "c"},
        {**limits().to_dict(), "matrix_flops_per_s": [1]},
        {**limits().to_dict(), "how": "by hand"},
        {**limits().to_dict(), "copy_bytes_per_s": "fast"},
    ],
)
def test_what_is_no_record_is_refused_and_passed_over(record):
    with pytest.raises(LimitsError):
        Limits.from_dict(record)
    assert recorded_limits({"limits": record}) == []
    assert recorded_limits({"limits": [record, limits().to_dict()]}) == [limits()]


def test_intervals_that_are_none_are_left_out():
    record = {**limits().to_dict(), "intervals": {"copy": [1, 2], "float32": "wide", "float16": [1]}}
    assert Limits.from_dict(record).intervals == {"copy": (1, 2)}


def test_the_backends_own_limits_go_before_anothers():
    both = {"limits": [limits(backend="torch").to_dict(), limits(backend="cupy").to_dict()]}
    assert limits_for(both, device="a GPU", backend="cupy") == limits(backend="cupy")
    assert limits_for(both, device="a GPU", backend="python") == limits(backend="torch")
    assert limits_for(both, device="another") is None
    assert limits_for({}, device="a GPU") is None


def test_one_record_does_as_well_as_a_list():
    assert limits_for({"limits": limits().to_dict()}, device="a GPU") == limits()


def test_the_ridge_is_where_both_limits_meet():
    assert limits(copy=4e12, bfloat16=8e14).ridge_flops_per_byte("bfloat16") == pytest.approx(200.0)
    assert math.isnan(limits().ridge_flops_per_byte("float16"))
