import itertools

from tradeoff.frames import IDENTITY_COLUMNS, point_id
from tradeoff.sweep.grid import Subject, grid

SUBJECT = Subject("softmax", "numpy", "cpu", "A processor")


def test_every_combination_is_there_once():
    points = grid(SUBJECT, batch_sizes=(1, 2), concurrencies=(1, 4), dtypes=("float32", "float64"), seed=0)
    seen = {(p.batch_size, p.concurrency, p.dtype) for p in points}
    assert seen == set(itertools.product((1, 2), (1, 4), ("float32", "float64")))
    assert len(points) == len({p.point_id for p in points}) == 8


def test_the_order_is_random_and_repeatable():
    sizes = {"batch_sizes": range(1, 30), "concurrencies": (1,), "dtypes": ("float32",)}
    order = [p.batch_size for p in grid(SUBJECT, **sizes, seed=1)]
    assert order == [p.batch_size for p in grid(SUBJECT, **sizes, seed=1)]
    assert order != [p.batch_size for p in grid(SUBJECT, **sizes, seed=2)]
    assert order != sorted(order)


def test_identity_names_known_columns_only():
    (point,) = grid(SUBJECT, batch_sizes=(1,), concurrencies=(1,), dtypes=("float32",), seed=0)
    assert set(point.identity()) <= set(IDENTITY_COLUMNS)
    assert point.point_id == point_id(point.identity())


def test_another_device_is_another_point():
    one, other = (
        grid(
            Subject("softmax", "cupy", "cuda", name), batch_sizes=(1,), concurrencies=(1,), dtypes=("float16",), seed=0
        )
        for name in ("H100", "H200")
    )
    assert one[0].point_id != other[0].point_id
    assert one[0].identity()["model_clock"] == "cuda_event"
