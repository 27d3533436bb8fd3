from __future__ import annotations

import pytest

from tradeoff.timing.budget import BUDGETS, Budget, as_budget


def test_the_named_budgets() -> None:
    assert {name: (b.seconds, b.max_seconds, b.min_calls) for name, b in BUDGETS.items()} == {
        "draft": (2, 8, 2000),
        "standard": (10, 40, 2000),
        "tail": (60, 240, 2000),
    }
    assert ["p999" in b.tolerances for b in BUDGETS.values()] == [False, False, True]


@pytest.mark.parametrize(
    ("calls", "seconds", "spent"),
    [
        (1999, 2.0, False),
        (2000, 1.9, False),
        (2000, 2.0, True),
        (10, 7.9, False),
        (10, 8.0, True),
        (50_000, 0.5, False),
        (50_000, 0.6, True),
    ],
)
def test_a_draft_is_two_seconds_or_2000_calls_whichever_is_later_but_not_for_ever(
    calls: int, seconds: float, spent: bool
) -> None:
    assert BUDGETS["draft"].is_spent(calls=calls, seconds=seconds) is spent


@pytest.mark.parametrize(
    ("calls", "seconds", "exhausted"),
    [(10, 7.9, False), (10, 8.0, True), (79_999, 1.0, False), (80_000, 1.0, True), (80_000, 0.2, False)],
)
def test_a_budget_is_stretched_to_four_times_itself_and_no_further(calls: int, seconds: float, exhausted: bool) -> None:
    assert BUDGETS["draft"].is_exhausted(calls=calls, seconds=seconds) is exhausted
    assert BUDGETS["draft"].is_spent(calls=calls, seconds=seconds) or not exhausted


def test_an_unknown_budget_names_the_known() -> None:
    with pytest.raises(ValueError, match=r"'draught'.*draft, standard, tail"):
        as_budget("draught")


def test_an_own_budget_passes_through() -> None:
    own = Budget(name="own", seconds=1, max_calls=5000)
    assert as_budget(own) is own


@pytest.mark.parametrize("change", [{"seconds": 0}, {"seconds": -1}, {"max_calls": 10}, {"max_seconds": 0.5}])
def test_nonsense_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"seconds|calls"):
        Budget(**({"name": "own", "seconds": 1, "max_calls": 5000} | change))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seconds": "x"}, "seconds='x' must be a number of seconds"),
        ({"seconds": float("nan")}, "seconds=nan must be"),
        ({"warm_up_seconds": -1}, "warm_up_seconds=-1 must be"),
        ({"max_calls": 0}, "max_calls=0 must be a whole number, 1 or more"),
        ({"min_calls": 2.5}, r"min_calls=2\.5 must be a whole number"),
        ({"name": 5}, "name=5 must be text"),
        ({"tolerances": {"p42": 0.1}}, "'p42' is not known: use some of p50, p90"),
        ({"tolerances": {"p99": -0.1}}, r"p99=-0\.1 must be a positive share"),
        ({"tolerances": {"p99": "5 %"}}, "must be a positive share"),
        ({"tolerances": ["p99"]}, "must map percentiles to widths"),
    ],
)
def test_a_budget_that_is_none(wrong, said) -> None:
    with pytest.raises(ValueError, match=said):
        Budget(**{"name": "mine", "seconds": 1.0, "max_calls": 100, "min_calls": 10, **wrong})
