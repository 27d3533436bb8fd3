import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.frames import POINT_COLUMNS
from tradeoff.objective import Constraint, Objective, ObjectiveError, Setting

NUMERIC = [name for name, column in POINT_COLUMNS.items() if column.dtype in ("float64", "Int64")]
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
OBJECTIVES = st.builds(
    Objective,
    st.sampled_from(["maximize", "minimize"]),
    st.sampled_from(NUMERIC),
    st.lists(st.builds(Constraint, st.sampled_from(NUMERIC), st.sampled_from(["<=", ">="]), NUMBERS), max_size=3),
    st.lists(
        st.one_of(
            st.builds(Setting, st.sampled_from(NUMERIC), NUMBERS),
            st.builds(Setting, st.sampled_from(["workload", "device", "dtype"]), st.text()),
        ),
        max_size=3,
    ),
)


@given(OBJECTIVES)
def test_text_comes_back_as_the_objective_it_was(objective):
    assert Objective.parse(str(objective)) == objective


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
        ("minimize p99 at concurrency 64", "minimize p99 at concurrency 64"),
        (
            "maximize tokens_per_s subject to ttft_p99 <= 0.3 s and tpot_p99 <= 20 ms at request_rate 16",
            "maximize tokens_per_s subject to ttft_p99 <= 300 ms and tpot_p99 <= 20 ms at request_rate 16/s",
        ),
        ("minimize model_p50 subject to throughput >= 500/s", "minimize model_p50 subject to throughput >= 500/s"),
        ("MAXIMIZE throughput at workload = softmax", "maximize throughput at workload softmax"),
        ('maximize throughput at workload "my model"', 'maximize throughput at workload "my model"'),
        ("minimize latency_p99_ms", "minimize p99"),
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
        ("maximize throughput subject to p99 < 20 ms", "expected '<=' or '>='", "<"),
        ("maximize throughput subject to p99 <= fast", "expected a number", "fast"),
        ("maximize throughput subject to p99 <= 20", "20 needs a unit: ns, us, ms, s", " "),
        ("maximize throughput subject to p99 <= 20 kg", "'kg' does not measure time", "kg"),
        ("maximize throughput subject to p99 <= 20 ms or p50 <= 1 ms", "expected 'subject to', 'and'", "or"),
        ("maximize throughput subject to throughput >= 5 ms", "unit 'ms' does not fit throughput", "ms"),
        ("maximize throughput at concurrency", "expected a number", " "),
        ("maximize throughput subject to p99 <= 1e999 ms", "too large", "ms"),
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
    ],
)
def test_misuse_in_python_is_the_same_error(make):
    with pytest.raises(ObjectiveError):
        make()
