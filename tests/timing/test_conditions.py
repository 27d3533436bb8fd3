from __future__ import annotations

import pytest

from tradeoff.timing.conditions import CACHES, MODES, REGIMES, Conditions, ConditionsError


@pytest.mark.parametrize(("name", "known"), [("mode", MODES), ("cache", CACHES), ("regime", REGIMES)])
def test_unknown_words_are_refused_with_the_known(name: str, known: tuple[str, ...]) -> None:
    with pytest.raises(ConditionsError, match=rf"{name} must be one of {', '.join(known)}; got 'fast'"):
        Conditions(**{name: "fast"})


@pytest.mark.parametrize(
    ("how", "concurrency", "device", "said"),
    [
        ({"mode": "isolated"}, 2, "cuda", "one call at a time"),
        ({"mode": "graph"}, 4, "cuda", "one call at a time"),
        ({"cache": "cold_flush"}, 2, "cpu", "use cache='cold_rotate'"),
        ({"mode": "pipelined"}, 1, "cpu", "works by itself"),
        ({"mode": "graph"}, 1, "cpu", "works by itself"),
    ],
)
def test_conditions_that_exclude_each_other(how: dict[str, str], concurrency: int, device: str, said: str) -> None:
    conditions = Conditions(**how)
    with pytest.raises(ConditionsError, match=said):
        conditions.check(concurrency=concurrency, device=device)
    assert conditions.is_single


def test_everything_else_is_possible() -> None:
    for mode in MODES:
        for cache in CACHES:
            for regime in REGIMES:
                conditions = Conditions(mode=mode, cache=cache, regime=regime)
                conditions.check(concurrency=1, device="cuda:1")
                assert conditions.is_single == (mode != "concurrent" or cache == "cold_flush")
    several = Conditions(cache="cold_rotate", regime="burst")
    several.check(concurrency=32, device="cpu")
    assert not several.is_single


def test_only_a_pipeline_has_no_latency_on_the_host() -> None:
    assert {mode: Conditions(mode=mode).latency_basis for mode in MODES} == {
        "concurrent": "send", "isolated": "send", "pipelined": "device", "graph": "send",
    }  # fmt: skip
