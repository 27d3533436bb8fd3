import pytest

from tradeoff.sweep.source import Source, import_path, source_of
from tradeoff.workloads import WorkloadError, as_workload

WHERE = {"name": None, "batch_sizes": [1, 2], "dtype": "float32", "device": "cpu"}
ODD = "tests.sweep.odd_workloads"


def test_a_name_and_a_path_can_be_had_anywhere():
    named = source_of("numpy.softmax", as_workload("numpy.softmax"), **WHERE)
    assert named == Source("name", "numpy.softmax")
    assert named.load().name == "softmax"
    by_path = source_of(f"{ODD}:fine", as_workload(import_path(f"{ODD}:fine")), **WHERE)
    assert by_path == Source("path", f"{ODD}:fine")
    assert by_path.load().name == "fine"


def test_a_factory_is_carried_and_a_live_call_is_not():
    def factory(batch_size):
        return lambda: batch_size

    carried = source_of(factory, as_workload(factory), **WHERE)
    assert carried.kind == "pickled"
    assert carried.load().prepare(batch_size=3, dtype="float32", device="cpu", seed=0)() == 3

    def live(batch_size):
        return batch_size

    assert source_of(live, as_workload(live), **WHERE) is None


def test_a_factory_that_raises_stays_where_its_error_can_be_seen():
    def broken(batch_size):
        raise OSError("no weights")

    assert source_of(broken, as_workload(broken), **WHERE) is None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no_such_module_here:thing", "cannot be imported"),
        (f"{ODD}:no_such", "has no 'no_such'"),
        (f"{ODD}:", "has no ''"),
    ],
)
def test_a_path_that_leads_nowhere_is_named(path, said):
    with pytest.raises(WorkloadError, match=said):
        import_path(path)
