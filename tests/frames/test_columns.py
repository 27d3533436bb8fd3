import pytest

from tradeoff.frames import IDENTITY_COLUMNS, NEVER_POOLED, PERCENTILES, POINT_COLUMNS, SAMPLE_COLUMNS, column
from tradeoff.frames.columns import STAGES


def test_every_column_is_described():
    for table in (POINT_COLUMNS, SAMPLE_COLUMNS):
        for name, described in table.items():
            assert described.name == name
            assert described.meaning.endswith("."), name
            assert described.label
            assert described.short


def test_a_unit_in_the_name_is_the_unit_of_the_column():
    units = {"ms": "ms", "ns": "ns", "rps": "requests/s", "mhz": "MHz", "w": "W", "c": "°C"}
    for name, described in {**POINT_COLUMNS, **SAMPLE_COLUMNS}.items():
        suffix = name.removesuffix("_lo").removesuffix("_hi").rpartition("_")[2]
        if suffix in units:
            assert described.unit == units[suffix], name


def test_short_names_are_unambiguous():
    shorts = [described.short for described in POINT_COLUMNS.values()]
    assert len(shorts) == len(set(shorts))
    assert not (set(shorts) - set(POINT_COLUMNS)) & set(POINT_COLUMNS)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("p99", "latency_p99_ms"),
        ("throughput", "throughput_rps"),
        ("model_p50", "model_p50_ms"),
        ("tokens_per_s", "tokens_per_s"),
        ("ttft_p99", "ttft_p99_ms"),
        ("request_rate", "request_rate_rps"),
        ("latency_p99_ms_hi", "latency_p99_ms_hi"),
    ],
)
def test_column_finds_by_name_and_short_name(typed, name):
    assert column(typed).name == name


def test_column_that_is_not_there():
    with pytest.raises(KeyError, match="no column 'p98'"):
        column("p98")


def test_latency_is_better_lower_and_throughput_higher():
    assert all(POINT_COLUMNS[f"latency_{p}_ms"].better == "lower" for p in PERCENTILES)
    assert POINT_COLUMNS["throughput_rps"].better == "higher"
    assert POINT_COLUMNS["batch_size"].better == "neither"


def test_what_is_never_pooled_is_part_of_what_a_point_is():
    assert set(NEVER_POOLED) <= set(IDENTITY_COLUMNS) <= set(POINT_COLUMNS)


def test_the_waterfall_has_every_stage_at_every_place():
    for where in ("mean", "p50", "p99"):
        assert all(f"at_{where}_{stage}_ms" in POINT_COLUMNS for stage in STAGES)
