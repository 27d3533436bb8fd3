"""Several causes at once: all are named, nothing else is, and what is said of them is true everywhere."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.tail.planted import CAUSES, PLANTED, made, nothing
from tests.tail.together import PAIRS, together
from tradeoff.figures.tail import _get_tail_info
from tradeoff.frames import Run
from tradeoff.tail import explain_tail
from tradeoff.tail.added import added_by
from tradeoff.tail.causes import Cause, Verdict


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_at_once_are_both_named(pair, number):
    found = explain_tail(together(number, dict.fromkeys(pair, 1.0)))
    assert set(found.named) == set(pair)
    assert found.cause == "more than one"
    assert "More than one cause stands out: " in found.sentence()
    for name in pair:
        assert f"{name} (" in found.sentence()


@pytest.mark.parametrize("strong", CAUSES)
def test_a_strong_one_is_named_beside_a_weak_one_and_nothing_else_is(strong):
    weak = CAUSES[CAUSES.index(strong) - 1]
    found = explain_tail(together(3, {strong: 1.0, weak: 0.2}))
    assert strong in found.named
    assert set(found.named) <= {strong, weak}


def test_three_at_once_are_named():
    three = ("queue", "spikes", "host pauses")
    assert set(explain_tail(together(0, dict.fromkeys(three, 1.0))).named) == set(three)


@pytest.fixture(scope="module")
def both():
    return together(2, {"spikes": 1.0, "queue": 1.0})


def test_figure_and_what_if_tell_the_same(both):
    found = explain_tail(both)
    info = _get_tail_info(both, found)
    assert [bar.name for bar in info.causes if bar.colour == "here"] == [
        cause.name for cause in found.causes if cause.name in found.named
    ]
    assert "More than one cause stands out" in " ".join(info.caption)
    assert "cause='more than one'" in repr(found)
    changes = found.what_if(draws=5).table["change"].tolist()
    assert changes[1] == "Without the slow batches"
    assert any(change.startswith("Doubling the largest batch") for change in changes) or found.what_if().left_out
    assert "One more worker" in changes


def test_several_that_may_be_chance_are_told_as_such(both):
    found = explain_tail(both)
    unsure = Verdict(("queue", "spikes"), Cause("queue and spikes", 9.0, 0.9, 0.1, 1.0))
    said = replace(found, verdict=unsure).sentence()
    assert "queue and spikes make 90 % of the extra (10 to 100 %), which may be chance: measure longer" in said
    assert replace(found, verdict=unsure).cause is None


ALL = {**PLANTED, "nothing": nothing}


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", ALL)
def test_shares_lie_in_0_to_100_percent(name, number):
    check_shares(explain_tail(made(ALL[name], 40 + number, 4000)))


@pytest.mark.parametrize("seed", range(12))
def test_shares_lie_in_0_to_100_percent_whatever_the_parts_are(seed):
    """Parts that contradict each other: some smaller in the tail, some below zero, columns that are missing."""
    rng = np.random.default_rng(seed)
    run = made(PLANTED[CAUSES[seed % 5]], 1, 3000)
    samples = run.samples.copy()
    for stage in rng.choice(["pre_ns", "batch_wait_ns", "queue_wait_ns", "model_ns", "post_ns"], 3, replace=False):
        known = samples[stage].to_numpy(dtype="float64", na_value=0.0)
        samples[stage] = (rng.permutation(known) * rng.choice([0.1, 1.0, 10.0])).astype("int64")
    samples = samples.drop(columns=list(rng.choice(["overhead_ns", "dispatched_ns", "batch_id", "label"], 1)))
    check_shares(explain_tail(Run(run.points, samples)))


def check_shares(found):
    for table in (found.table, found.cause_table):
        assert table["share"].sum() == pytest.approx(1.0)
        for column in ("share", "share_lo", "share_hi"):
            assert table[column].between(0.0, 1.0).all()
    assert (found.cause_table["extra_ms"] >= 0.0).all()
    assert found.cause_table["extra_ms"].sum() == pytest.approx(found.extra_ms)
    assert all(dict(zip(found.cause_table["cause"], found.cause_table["share"], strict=True))[name] >= 0.125
               for name in found.named)  # fmt: skip
    said = re.sub(r"\d+ % of what full batches serve", "", found.sentence())
    assert all(0.0 <= float(number) <= 100.0 for number in re.findall(r"([−\d.]+) %", said.replace("−", "-")))


def test_what_is_added_is_what_each_half_of_the_tail_has_more_of():
    """The example of the module: half waited for the limit, half in a queue."""
    parts = {"limit": np.array([5.0, 5.0, 10.0, 0.0]), "queue": np.array([0.0, 0.0, 0.0, 12.0])}
    added = added_by(parts, np.array([0, 1]))
    assert added["limit"].tolist() == [0.0, 0.0, 5.0, 0.0]
    assert added["queue"].tolist() == [0.0, 0.0, 0.0, 7.0]
