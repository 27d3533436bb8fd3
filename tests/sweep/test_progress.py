import io
import itertools

import pytest

from tests.timing.test_host_load import load
from tradeoff.frames import make_points
from tradeoff.frames.busy import on_busy_machine
from tradeoff.sweep.progress import not_quiet, predicted_cost, progress_bar
from tradeoff.timing import BUDGETS
from tradeoff.timing.quiet import State


@pytest.mark.parametrize(
    ("points", "budget", "said"),
    [
        (1, "draft", "1 point, 1 s to 5 s, longer where a call takes over 1 ms or calls are uneven"),
        (24, "draft", "24 points, 24 s to 2 min"),
        (100, "tail", "100 points, 2 min to 1.8 h, longer where a call takes over 30 ms or calls are uneven"),
        (18, "standard", "18 points, 18 s to 4 min"),
    ],
)
def test_the_cost_is_told_before_it_is_paid(points, budget, said):
    assert predicted_cost(points, BUDGETS[budget]).startswith(said)


def test_more_points_never_cost_less():
    def most(points: int) -> float:
        words = predicted_cost(points, BUDGETS["draft"]).split(" to ")[1].split(",")[0].split()
        return float(words[0]) * {"s": 1, "min": 60, "h": 3600}[words[1]]

    costs = [most(points) for points in range(1, 3000, 7)]
    assert all(later >= earlier - 30 for earlier, later in itertools.pairwise(costs))


@pytest.mark.parametrize(
    ("is_terminal", "show", "drawn"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_the_bar_is_drawn_only_where_somebody_looks(monkeypatch, is_terminal, show, drawn):
    stream = io.StringIO()
    stream.isatty = lambda: is_terminal
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.delitem(__import__("sys").modules, "ipykernel", raising=False)
    with progress_bar(points=3, name="softmax", show=show) as bar:
        assert bar.disable is not drawn


def test_a_machine_that_is_not_quiet_is_told_behind_the_cost():
    assert not_quiet(State(load(foreign=0.01))) == ""
    told = not_quiet(State(load(foreign=1.0), 2.0))
    assert told.startswith(". The machine is not quiet: other processes take 50 % of the cores' time (load average 2);")


def test_points_from_a_busy_machine_are_counted_in_the_end():
    quiet, busy = {"batch_size": 1}, {"batch_size": 2, "flags": ["machine_busy"], "foreign_load": 0.48}
    assert on_busy_machine(make_points([quiet])) == ""
    told = on_busy_machine(make_points([quiet, busy, busy | {"batch_size": 3, "foreign_load": None}]))
    assert told.startswith("2 of 3 points were measured on a busy machine (at worst other processes took 48 %")
    assert on_busy_machine(make_points([])) == ""
