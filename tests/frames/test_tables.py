import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.frames import IDENTITY_COLUMNS, POINT_COLUMNS, SAMPLE_COLUMNS, make_points, make_samples, point_id

IDENTITIES = st.fixed_dictionaries(
    {},
    optional={
        "workload": st.text(max_size=8),
        "batch_size": st.integers(1, 2**40),
        "concurrency": st.integers(1, 64),
        "max_wait_ms": st.floats(0, allow_nan=False),
    },
)


@given(IDENTITIES, IDENTITIES)
def test_point_id_is_equal_exactly_when_the_point_is(one, other):
    assert (point_id(one) == point_id(other)) == (one == other)


@given(IDENTITIES)
def test_missing_is_missing_however_it_is_written(identity):
    for missing in (None, np.nan, pd.NA):
        padded = {**dict.fromkeys(IDENTITY_COLUMNS, missing), **identity}
        assert point_id(padded) == point_id(identity)


def test_point_id_does_not_depend_on_the_type_of_a_number():
    assert point_id({"batch_size": np.int64(8), "think_ms": 1}) == point_id({"batch_size": 8.0, "think_ms": 1.0})


def test_point_id_ignores_what_was_seen():
    assert point_id({"batch_size": 8, "n": 5, "status": "failed"}) == point_id({"batch_size": 8})


@given(IDENTITIES)
def test_point_id_survives_the_frame(identity):
    points = make_points([identity])
    assert points["point_id"][0] == point_id(identity) == point_id(points.loc[0].to_dict())


def test_make_points_has_every_column_with_its_dtype():
    points = make_points([{"batch_size": 8}, {"batch_size": None, "throughput_rps": 2, "flags": ("not_isolated",)}])
    assert list(points.columns) == list(POINT_COLUMNS)
    assert points["batch_size"].dtype == "Int64"
    assert points["throughput_rps"].dtype == "float64"
    assert points["workload"].dtype == "str"
    assert points["batch_size"].isna().tolist() == [False, True]
    assert points["flags"].tolist() == [[], ["not_isolated"]]


def test_make_points_keeps_columns_of_the_users_own():
    points = make_points([{"batch_size": 1, "price_eur": 2.5}])
    assert points.columns[-1] == "price_eur"
    assert points["price_eur"].dtype == "float64"


def test_no_rows_make_an_empty_frame_with_every_column():
    assert list(make_points([]).columns) == list(POINT_COLUMNS)
    assert list(make_samples({}).columns) == list(SAMPLE_COLUMNS)
    assert make_samples({})["latency_ns"].dtype == "Int64"


def test_make_samples_spreads_scalars_over_the_rows():
    samples = make_samples({"point_id": "0123456789ab", "latency_ns": np.array([3, 4]), "status": "ok"})
    assert samples["status"].tolist() == ["ok", "ok"]
    assert samples["latency_ns"].tolist() == [3, 4]
    assert samples["queue_wait_ns"].isna().all()


def test_a_value_that_does_not_fit_names_its_column():
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        make_points([{"batch_size": "eight"}])
