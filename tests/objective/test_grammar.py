import contextlib
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.frames import POINT_COLUMNS
from tradeoff.objective import Constraint, Objective, ObjectiveError, Setting

NUMERIC = [name for name, column in POINT_COLUMNS.items() if column.dtype in ("float64", "Int64")]
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
LIMITS = st.floats(min_value=1e-300, allow_nan=False, allow_infinity=False)


def unless_it_contradicts_itself(*parts):
    try:
        return Objective(*parts)
    except ObjectiveError as error:
        if "exclude each other" not in str(error):
            raise
        return None


OBJECTIVES = st.builds(
    unless_it_contradicts_itself,
    st.sampled_from(["maximize", "minimize"]),
    st.sampled_from(NUMERIC),
    st.lists(st.builds(Constraint, st.sampled_from(NUMERIC), st.sampled_from(["<=", ">="]), LIMITS), max_size=3),
    st.lists(
        st.one_of(
            st.builds(Setting, st.sampled_from(NUMERIC), NUMBERS),
            st.builds(Setting, st.sampled_from(["workload", "device", "dtype"]), st.text()),
        ),
        max_size=3,
    ),
).filter(lambda objective: objective is not None)


@given(OBJECTIVES)
def test_text_comes_back_as_the_objective_it_was(objective):
    assert Objective.parse(str(objective)) == objective


@given(st.text())
def test_a_setting_of_a_column_of_ones_own_comes_back_too(value):
    objective = Objective("maximize", "throughput", at=(Setting("rack", value),))
    assert Objective.parse(str(objective), columns=["rack"]) == objective


@given(OBJECTIVES)
def test_the_text_of_what_was_read_is_the_same_text(objective):
    assert str(Objective.parse(str(objective))) == str(objective)


WORDS = [*"maximize minimize subject to s.t. and at p99 <= >= 20 ms /s throughput concurrency".split(), '"', "'"]  # noqa: SIM905


@settings(max_examples=400)
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_any_text_is_read_or_refused_with_its_own_error(text):
    try:
        objective = Objective.parse(text)
    except ObjectiveError:
        return
    assert Objective.parse(str(objective)) == objective


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("maximize throughput subject to p99 <= 20 ms", "maximize throughput subject to p99 <= 20 ms"),
        ("maximise throughput s.t. p99 ≤ 20000us", "maximize throughput subject to p99 <= 20 ms"),
        ("maximise throughput s.t. p99 ≤ 700us", "maximize throughput subject to p99 <= 0.7 ms"),
        ("minimize p99 at concurrency 64", "minimize p99 at concurrency 64"),
        (
            "maximize tokens_per_s subject to ttft_p99 <= 0.3 s and tpot_p99 <= 20 ms at request_rate 16",
            "maximize tokens_per_s subject to ttft_p99 <= 300 ms and tpot_p99 <= 20 ms at request_rate 16/s",
        ),
        ("minimize model_p50 subject to throughput >= 500/s", "minimize model_p50 subject to throughput >= 500/s"),
        ("MAXIMIZE throughput at workload = softmax", "maximize throughput at workload softmax"),
        ('maximize throughput at workload "my model"', 'maximize throughput at workload "my model"'),
        ("minimize latency_p99_ms", "minimize p99"),
        (
            "maximize THROUGHPUT subject to P99 <= 20 ms at Batch 4",
            "maximize throughput subject to p99 <= 20 ms at batch_size 4",
        ),
        ("minimize n_errors subject to n_errors <= 0", "minimize n_errors subject to n_errors <= 0"),
        (
            "maximize throughput subject to p99 >= 1 ms and p99 <= 1 ms",
            "maximize throughput subject to p99 >= 1 ms and p99 <= 1 ms",
        ),
    ],
)
def test_what_people_write(text, canonical):
    assert str(Objective.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "said", "under"),
    [
        ("", "expected 'maximize' or 'minimize'", " "),
        ("throughput", "expected 'maximize' or 'minimize'", "throughput"),
        ("maximize p98", "no column 'p98': did you mean", "p98"),
        ("maximize workload", "'workload' is text", "workload"),
        ("maximize throughput subject p99 <= 1 ms", "expected 'to'", "p99"),
        ("maximize throughput subject to p99 20 ms", "expected '<=' or '>='", "20"),
        ("maximize throughput subject to p99 <= fast", "expected a number", "fast"),
        ("maximize throughput subject to p99 <= 20", "20 needs a unit: ns, us, ms, s", " "),
        ("maximize throughput subject to p99 <= 20 kg", "'kg' does not measure time", "kg"),
        ("maximize throughput subject to p99 <= 20 ms or p50 <= 1 ms", "'or' is not read", "or"),
        ("maximize throughput subject to p99 <= 20 ms please", "expected 'subject to', 'and', 'at'", "please"),
        ("maximize throughput subject to throughput >= 5 ms", "unit 'ms' does not fit throughput", "ms"),
        ("maximize throughput at concurrency", "expected a number", " "),
        ("maximize throughput subject to p99 <= 1e999 ms", "too large", "1e999"),
        ("maximize throughput subject to p99 <= 1,5 ms", "1,5 has a comma: write decimals with a point", "1"),
        ("maximize throughput subject to p99 <= 0 ms", "p99 is always above 0", "p99"),
        ("maximize throughput subject to p99 <= -5 ms", "p99 is always above 0", "p99"),
        ("minimize p99 subject to throughput >= -5/s", "throughput is always above 0", "throughput"),
        ("minimize p99 subject to n_errors <= -1", "n_errors is always 0 or more", "n_errors"),
        (
            "maximize throughput subject to p99 >= 20 ms and p99 <= 10 ms",
            "p99 >= 20 ms and p99 <= 10 ms exclude",
            "p99",
        ),
        ("maximize throughput at concurrency 4 and concurrency 8", "exclude each other", "concurrency"),
        ("maximize P98", "did you mean p9", "P98"),
    ],
)
def test_errors_point_at_the_word(text, said, under):
    with pytest.raises(ObjectiveError, match=said) as caught:
        Objective.parse(text)
    _, line, carets = str(caught.value).split("\n")
    start = carets.index("^")
    assert carets.strip() == "^" * len(under)
    assert (line + " " * 9)[start : start + len(under)] == under


def test_columns_of_the_users_own():
    text = "minimize euros subject to watts <= 300"
    with pytest.raises(ObjectiveError, match="no column 'euros'"):
        Objective.parse(text)
    assert str(Objective.parse(text, columns=["euros", "watts"])) == text


@pytest.mark.parametrize(
    "make",
    [
        lambda: Objective("best", "throughput"),
        lambda: Objective("maximize", "workload"),
        lambda: Constraint("p99", "<", 1.0),
        lambda: Constraint("p99", "<=", float("nan")),
        lambda: Constraint("p99", "<=", "20 ms"),
        lambda: Setting("concurrency", None),
        lambda: Objective.parse(None),
        lambda: Constraint("p99", "<=", -1),
        lambda: Constraint("p99", "<=", 0),
        lambda: Objective("maximize", "throughput", "p99 <= 20 ms"),
        lambda: Objective("maximize", "throughput", [None]),
        lambda: Objective("maximize", "throughput", (), "concurrency 3"),
        lambda: Objective("maximize", "throughput", [Constraint("p99", ">=", 2), Constraint("p99", "<=", 1)]),
        lambda: Objective("maximize", "throughput", (), [Setting("concurrency", 1), Setting("concurrency", 2)]),
    ],
)
def test_misuse_in_python_is_the_same_error(make):
    with pytest.raises(ObjectiveError):
        make()


def test_numbers_may_be_numpys():
    constraint = Constraint("p99", "<=", np.float32(20))
    assert constraint == Constraint("p99", "<=", 20)
    assert str(Setting("concurrency", np.int64(8))) == "concurrency 8"
    assert Objective("maximize", "throughput", constraint).constraints == (constraint,)


def test_what_may_be_negative_has_negative_limits():
    assert str(Constraint("at_p99_overhead_ms", "<=", -1)) == "at_p99_overhead_ms <= -1 ms"


def test_two_thousand_odd_texts_are_read_or_refused():
    random = Random(0)  # noqa: S311
    signs = [
        *WORDS,
        ",",
        "1,5",
        "-1",
        "1e400",
        "0x1",
        "P99",
        "batch",
        "\\",
        "\n",
        "\u202e",
        "\x00",
        "🙂",
        "<",
        "==",
        "''",
        '"a',
    ]
    for _ in range(2000):
        text = random.choice(["", " "]).join(random.choices(signs, k=random.randrange(12)))
        with contextlib.suppress(ObjectiveError):
            assert Objective.parse(text) == Objective.parse(str(Objective.parse(text)))
