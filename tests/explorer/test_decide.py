"""The answer in the browser: that of `tradeoff.decide`, whatever is asked of whatever points."""

from __future__ import annotations

import json
import math
from random import Random

import pandas as pd
import pytest

from tradeoff.explorer.asked import Questions
from tradeoff.explorer.assets import _folder, join_modules
from tradeoff.explorer.grid import lay_out
from tradeoff.explorer.limits import limit_steps
from tradeoff.explorer.payload import payload
from tradeoff.frames import Run, make_points
from tradeoff.objective import Constraint, Decision, Objective, ObjectiveError, Setting, decide
from tradeoff.objective.everyone import everyone

_ANSWER = """
(cases) => cases.map(({ payload, asked }) => {
  const grid = openGrid(payload);
  return asked.map((objective) => payload.slices.map((slice) => {
    const turns = objective.constraints.map((_, at) => flips(payload, grid, slice, objective, at));
    const answer = decide(payload, grid, slice, objective);
    const metrics = Object.keys(payload.metrics);
    const ends = Object.fromEntries(metrics.map((metric) => [metric, answer.ends?.(metric) ?? null]));
    return { ...answer, ends, flips: turns, text: written(payload, objective).text };
  }));
})
"""
METRICS = ("throughput_rps", "latency_p50_ms", "latency_p99_ms", "model_p99_ms", "tokens_per_s", "gain")
ASKED = (*METRICS, "error_rate")


@pytest.fixture
def answers(page):
    """Asks the browser: cases of a payload and its objectives."""

    def ask(cases):
        for name in ("decide.js", "grid.js", "objective.js"):
            source = join_modules(_folder("js"), name)
            names = {"decide.js": "decide, flips", "grid.js": "openGrid", "objective.js": "written"}[name]
            page.evaluate(f"() => {{ {source}\nObject.assign(globalThis, {{ {names} }}); }}")
        return page.evaluate(_ANSWER, cases)

    return ask


def points(random: Random) -> pd.DataFrame:
    """Rows with ties, holes, missing ends, failures, and perhaps two workloads."""
    coarse = random.random() < 0.5  # few values: ties

    def value(scale: float) -> float | None:
        if random.random() < 0.12:
            return None
        return scale * (random.randint(1, 4) if coarse else random.uniform(0.5, 4))

    rows = []
    for workload in random.choice([["a"], ["a", "b"]]):
        for batch_size in (1, 2, 4):
            for concurrency in (1, 2, 3):
                if random.random() < 0.15:
                    continue
                row = {"workload": workload, "batch_size": batch_size, "concurrency": concurrency}
                row |= {"n": random.choice([100, 600, 5000]), "replicates": random.choice([None, 1, 3, 8])}
                row["n_errors"] = random.choice([None, 0, 0, 0, 1, 3, 40])
                row["n_rejected"] = random.choice([0, 0, 0, 0, 2])
                row["n"] = random.choice([100, 100, 100, 5000, None])
                row["status"] = random.choice(["converged"] * 6 + ["saturated", "failed", None])
                for name, scale in zip(METRICS, (1000, 1, 3, 0.5, 77.7, 1), strict=True):
                    found = value(scale)
                    row[name] = None if found is None else found - 2 if name == "gain" else found
                    if name in ("gain", "tokens_per_s") or found is None or random.random() < 0.2:
                        continue
                    row[f"{name}_lo"] = found * random.choice([0.8, 0.95, 1]) if random.random() < 0.9 else None
                    row[f"{name}_hi"] = found * random.choice([1, 1.1, 1.5]) if random.random() < 0.8 else None
                rows.append(row)
    return make_points(random.sample(rows, len(rows)))


def objective(random: Random, frame: pd.DataFrame) -> Objective:
    """Ask for something whose limits lie on and between what was measured."""

    def constraint() -> Constraint:
        metric = random.choice(ASKED)
        columns = [name for name in (metric, f"{metric}_lo", f"{metric}_hi") if name in frame]
        known = [one for name in columns for one in frame[name].dropna()] or [1.0]
        limit = random.choice(known) * random.choice([1, 1, 1.01, 0.7])
        return Constraint(metric, random.choice(["<=", ">="]), limit if metric == "gain" else abs(limit))

    held = [Setting("concurrency", random.choice([1, 2, 3]))] if random.random() < 0.3 else []
    if random.random() < 0.2:
        held.append(Setting("status", "converged"))
    limits = tuple(constraint() for _ in range(random.choice([0, 1, 1, 2, 3])))
    return Objective(random.choice(["maximize", "minimize"]), random.choice(METRICS), limits, tuple(held))


def cases(count: int, asked: int):
    random = Random(7)  # noqa: S311  # no secret
    made = []
    for _ in range(count):
        frame = points(random)
        grid = lay_out(frame, None)
        found: list[Objective] = []
        while len(found) < asked:
            try:
                found.append(objective(random, frame))
            except ObjectiveError:
                continue  # a contradiction
        made.append((frame, grid, found))
    return made


def test_every_answer_is_that_of_decide(answers):
    made = cases(24, 14)
    said = answers(
        [
            {
                "payload": payload(Run(frame), axes=list(grid.axes), asked=ASKED),
                "asked": [Questions(frame, grid).parts(one) for one in asked],
            }
            for frame, grid, asked in made
        ]
    )
    seen: list[str] = []
    for (frame, grid, asked), told in zip(made, said, strict=True):
        for one, answered in zip(asked, told, strict=True):
            for part, answer in zip(grid.slices, answered, strict=True):
                seen.append(compare(frame, part.rows, one, answer))
                if seen[-1] and len(seen) % 4 == 0:
                    flips_are_where_the_winner_changes(frame, part.rows, one, answer["flips"])
    assert min(map(seen.count, ("feasible", "undecided", "infeasible", ""))) >= 10
    assert len(seen) > 400


def decided(rows: pd.DataFrame, asked: Objective) -> Decision | None:
    try:
        return decide(rows, asked)
    except ObjectiveError:
        return None  # cannot be asked of these


def compare(frame: pd.DataFrame, rows: list[int], asked: Objective, answer: dict) -> str:
    assert answer["text"] == str(asked)
    here = frame.iloc[[row for row in rows if row >= 0]]

    def cell(point: pd.Series | None) -> int:
        return -1 if point is None else rows.index(point.name)

    decision = decided(here, asked)
    assert answer["verdict"] == (decision.verdict if decision else "")
    if decision is None:
        return ""
    limits = list(asked.constraints)
    assert answer["point"] == cell(decision.point)
    assert answer["runnerUp"] == cell(decision.runner_up)
    assert answer["contender"] == cell(decision.contender)
    assert sorted(answer["alike"]) == sorted(map(rows.index, decision.alike.index))
    assert (answer["preferred"] or None, answer["among"]) == (decision.preferred, decision.among)
    for name, interval in decision.intervals.items():
        known = [None if math.isnan(end) else pytest.approx(end, rel=1e-12) for end in interval[1:]]
        assert answer["ends"][name] == known
    for name, limit in (("binding", decision.binding), ("shortfall", decision.shortfall)):
        assert (limits[answer[name]] if answer[name] >= 0 else None) == limit
    return decision.verdict


def flips_are_where_the_winner_changes(frame, rows, asked: Objective, flips: list[list[dict]]) -> None:
    """On each flip the winner is the one named, and just before it the one named before."""
    here = frame.iloc[[row for row in rows if row >= 0]]
    for at, turns in enumerate(flips):
        flips_of_one_limit(here, rows, asked, at, turns)


def flips_of_one_limit(here, rows, asked: Objective, at: int, turns: list[dict]) -> None:
    moving = asked.constraints[at]
    others = (*asked.constraints[:at], *asked.constraints[at + 1 :])

    def winner(limit: float) -> int:
        try:
            limited = Objective(
                asked.direction, asked.metric,
                (*others[:at], Constraint(moving.metric, moving.comparison, limit), *others[at:]), asked.at,
            )  # fmt: skip
        except ObjectiveError:
            return -2  # contradicts another limit
        decision = decide(here, limited)
        return rows.index(decision.point.name) if decision.verdict == "feasible" else -1

    tighter = -math.inf if moving.comparison == "<=" else math.inf
    for turn, before in zip(turns, [-1, *(turn["cell"] for turn in turns)], strict=False):
        # The last digit of an exponential is the browser's own.
        on = turn["limit"] - math.copysign(1e-12 * turn["limit"], tighter)
        assert winner(on) in (turn["cell"], -2)
        just = turn["limit"] + math.copysign(1e-12 * turn["limit"], tighter)
        assert just == 0 or winner(just) in (before, -2)


def test_an_objective_is_written_as_python_writes_it(answers):
    limits = [20, 0.1, 1e-4, 1.5e-5, 1e15, 1e16, 12345678901234567890.0, 2**53 + 2.0, 1e22, 4.35, 1 / 3, 5e-324]
    frame = make_points([{"batch_size": 1, "latency_p99_ms": 1.0, "throughput_rps": 1.0, "status": "converged"}])
    questions = Questions(frame, lay_out(frame, None))
    asked = [Objective("minimize", "throughput", (Constraint("p99", ">=", limit),)) for limit in limits]
    (told,) = answers([{"payload": payload(Run(frame)), "asked": [questions.parts(one) for one in asked]}])
    assert [answer["text"] for (answer,) in told] == [str(one) for one in asked]


def test_what_travels_is_exact():
    frame = points(Random(3))  # noqa: S311
    content = json.loads(json.dumps(payload(Run(frame))))
    grid, filled = lay_out(frame, None), everyone(frame, ["error_rate"])
    for part, one in zip(content["slices"], grid.slices, strict=True):
        for name, values in part["metrics"].items():
            for value, row in zip(values, one.rows, strict=True):
                if row >= 0:
                    true = filled[name].iloc[row]
                    assert value is None if pd.isna(true) else value == true


@pytest.mark.parametrize(
    ("metric", "values"),
    [("latency_p99_ms", [1.0, 30.0, math.nan, math.inf]), ("n_errors", [0, 3]), ("gain", [-1, 1]), ("gain", [0, 0])],
)
def test_the_steps_of_a_limit_reach_around_what_was_measured(metric, values):
    steps = limit_steps(metric, values)
    known = [value for value in values if math.isfinite(value)]
    assert steps == sorted(set(steps))
    assert steps[0] <= min(known) <= max(known) <= steps[-1]
    assert 2 <= len(steps) <= 140


def test_no_step_of_a_limit_says_nothing():
    for metric, values in (("latency_p99_ms", [0.0, 1.0]), ("n", [0, 5]), ("gain", [-3.0, 5.0])):
        for step in limit_steps(metric, values):
            Constraint(metric, "<=", step)
    assert limit_steps("latency_p99_ms", [0.0]) == []
    assert limit_steps("latency_p99_ms", [math.nan]) == []
