import pandas as pd

from tests.compare.runs import LIMIT, grid, scaled
from tradeoff.compare import compare


def sentence(before, after, objective=LIMIT):
    return compare(before, after, objective).sentence()


def one(**options):
    return grid(sizes=(4,), concurrencies=(1,), **options)


def test_one_point():
    assert sentence(one(), one(p99=4.0)).endswith(": the one point that met the limit no longer does.")
    assert sentence(one(), one(throughput=2.0)).startswith("throughput doubled, p99 ±0.0 %")
    assert sentence(one(), one()).endswith(": the one point that met the limit still does.")
    unclear = "of the one point that met the limit it cannot be told whether it still does."
    assert sentence(one(), one(p99=2.95)).endswith(unclear)


def test_points_that_cross_the_limit():
    two = scaled(grid(sizes=(1, 2), concurrencies=(1,)), latency_p99_ms=2.0)
    up = two.assign(batch_size=[1, 2])
    assert "both points that met the limit still do" in sentence(two, two)
    assert "none of the 2 points that met the limit still does" in sentence(two, scaled(two, latency_p99_ms=9.0))
    assert "2 points that missed the limit now meet it" in sentence(scaled(two, latency_p99_ms=9.0), two)
    crossed = scaled(up, latency_p99_ms=pd.Series([9.0, 1.0]))
    back = scaled(up, latency_p99_ms=pd.Series([1.0, 9.0]))
    assert "1 of 1" not in sentence(crossed, back)
    both = "the one point that met the limit no longer does, and 1 point that missed the limit now meets it"
    assert both in sentence(crossed, back)
    several = "maximize throughput subject to p99 <= 10 ms and p50 <= 9 ms"
    assert "both points that met the limits still do" in sentence(two, two, several)
