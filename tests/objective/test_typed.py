"""What engineers type without reading a manual: understood as shown, or refused with what to write instead."""

import pytest

from tradeoff.objective import Objective, ObjectiveError
from tradeoff.objective.objective import STOPS, Setting

FIFTH = "maximize throughput subject to p99 <= 20 ms"

UNDERSTOOD = [
    ("max throughput where p99 < 20ms", FIFTH),
    ("MAX THROUGHPUT WHERE P99 < 20 MS", FIFTH),
    ("max qps with p99 under 20 ms", FIFTH),
    ("highest requests/s such that p99 stays below 20 ms".replace("stays ", "is "), FIFTH),
    ("maximise rps, p99 =< 0.02 sec", FIFTH),
    ("max req/s while latency_p99 at most 20 milliseconds", FIFTH),
    ("most requests per second under p99 latency <= 20000 µs", FIFTH),
    ("max throughput s.t. 99th percentile latency within 20ms.", FIFTH),
    ("minimize latency p99 under 1000 rps", "minimize p99 at request_rate 1000/s"),
    ("min e2el p99 at 1.5k req/s", "minimize p99 at request_rate 1500/s"),
    (
        "maximize tokens/s s.t. ttft_p99 <= 0.2 s, tpot p99 <= 30ms",
        "maximize tokens_per_s subject to ttft_p99 <= 200 ms and tpot_p99 <= 30 ms",
    ),
    ("max rps with p99.9 below 5 ms", "maximize throughput subject to p999 <= 5 ms"),
    ("highest throughput subject to p99 ≤ 20ms at batch 8", f"{FIFTH} at batch_size 8"),
    ("max throughput at batch size = 8 where p99 < 20ms", f"{FIFTH} at batch_size 8"),
    ("max throughput where p99 < 20ms && batch == 8", f"{FIFTH} at batch_size 8"),
    ("max throughput for batch 8 and workload is softmax", "maximize throughput at batch_size 8 and workload softmax"),
    ("max throughput where utilization >= 80 %", "maximize throughput subject to utilisation >= 0.8"),
    ("max throughput where rejection_rate <= 1%", "maximize throughput subject to rejection_rate <= 0.01"),
    ("max throughput where pct_of_limit > 80 %", "maximize throughput subject to pct_of_limit >= 80"),
    ("min avg latency where throughput > 500/s", "minimize latency_mean subject to throughput >= 500/s"),
    ("min median where throughput >= 2.3k rps", "minimize p50 subject to throughput >= 2300/s"),
    ("min p50 latency where tokens/s over 2k/s", "minimize p50 subject to tokens_per_s >= 2000/s"),
    ("max rps with p99 between 5 and 20 ms", "maximize throughput subject to p99 >= 5 ms and p99 <= 20 ms"),
    ("max rps with p99 between 500us and 20 ms", "maximize throughput subject to p99 >= 0.5 ms and p99 <= 20 ms"),
    ("max rps where n_errors < 1", "maximize throughput subject to n_errors <= 0"),
    ("max rps where batch < 8 and n > 10", "maximize throughput subject to batch_size <= 7 and n >= 11"),
    ("max rps where batch < 7.5", "maximize throughput subject to batch_size <= 7"),
    ("max rps where peak_memory <= 2 GiB", f"maximize throughput subject to peak_memory <= {2**31}"),
    ('max "throughput" where "p99" <= 20 ms', FIFTH),
    ("max goodput subject to SLO attainment >= 99 %", "maximize goodput subject to attainment >= 0.99"),
]


@pytest.mark.parametrize(("text", "canonical"), UNDERSTOOD)
def test_it_is_understood_as_shown(text, canonical):
    found = Objective.parse(text)
    assert str(found) == canonical
    assert Objective.parse(canonical) == found


@pytest.mark.parametrize(
    ("text", "said", "under"),
    [
        ("p99 <= 20 ms", f"a limit says what must hold, not what is best. Write '{FIFTH}'", "p99"),
        ("throughput where p99 < 20 ms", f"expected 'maximize' or 'minimize', as in '{FIFTH}'", "throughput"),
        ("p99 at batch 8", "as in 'minimize p99 at batch_size 8'", "p99"),
        ("min latency", "'latency' is ambiguous: say latency_mean, p50, p90, p95, p99 or p999", "latency"),
        ("max tps", "'tps' is ambiguous: say throughput or tokens_per_s", "tps"),
        ("max rps where ttft < 1 s", "'ttft' is ambiguous: say ttft_mean, ttft_p50", "ttft"),
        ("max rps where p99 == 20 ms", "p99 is measured and hits no value exactly: use '<=' or '>='", "=="),
        ("max rps where p99 < 1,5 ms", "1,5 has a comma: write decimals with a point", "1"),
        ("max rps where throughput > 1 000/s", "write thousands without a space", "1"),
        ("max rps under 20 ms", "'20 ms' of what? Expected a metric, as in 'p99 <= 20 ms'", "20"),
        ("max rps at 8", "'8' of what? Expected a column to hold", "8"),
        ("max rps at concurrency 4, 8", "'8' of what?", "8"),
        ("max rps, concurrency 4", "as in 'at concurrency 8'", "4"),
        ("max rps where p99 < 20 %", "'%' does not measure time", "%"),
        ("max rps where p99 < 20 tokens/s", "'tokens/s' does not measure time", "tokens/s"),
        ("max rps where throughput > 5 tokens/s", "'tokens/s' does not fit throughput: its unit is /s", "tokens/s"),
        ("max rps where overlap > 50 %", "'%' does not fit: write a fraction", "%"),
        ("max rps where p99 between 5 ms", "expected 'and', as in 'between 5 and 20 ms'", " "),
        ("max rps where p99 between 5 tokens and 6 ms", "'tokens' does not measure time", "tokens"),
        ("max rps where p99 < nan ms", "expected a number", "nan"),
        ("max rps where p99 < 1e99999999999999999999 us", "too large", "1e99999999999999999999"),
        ('max rps at workload "unclosed', "the quote is not closed", '"unclosed'),
        ("max tail latency", "no column 'tail latency'", "tail latency"),
    ],
)
def test_it_is_refused_with_what_to_write(text, said, under):
    with pytest.raises(ObjectiveError) as caught:
        Objective.parse(text)
    assert said in str(caught.value)
    error = caught.value
    assert (text + "  ")[error.position : error.position + error.length] == under


@pytest.mark.parametrize(
    ("text", "before", "carets"),
    [
        ("max rps where p99 日本 5 ms", 18, 4),  # two cells each
        ("日本語 throughput", 0, 6),
        ("max 日 rps", 4, 6),
        ("max \u202e rps where p98 < 1 ms", 4, 1),
        ("max\trps\nwhere p98 < 1 ms", 14, 3),
        ('max rps at workload "e\u0301" and p98 < 1 ms', 28, 3),  # a combining accent takes none
    ],
)
def test_carets_stand_under_the_word_as_a_terminal_shows_it(text, before, carets):
    with pytest.raises(ObjectiveError) as caught:
        Objective.parse(text)
    _, line, under = str(caught.value).split("\n")
    assert under == f"  {' ' * before}{'^' * carets}"
    assert all(character.isprintable() for character in line)


def test_of_a_long_text_the_part_around_the_word_is_shown():
    text = "max rps where " + " and ".join(f"p99 <= {limit} ms" for limit in range(1, 200)) + " and nonsense <= 1"
    with pytest.raises(ObjectiveError, match="no column 'nonsense'") as caught:
        Objective.parse(text)
    _, line, under = str(caught.value).split("\n")
    assert len(line) < 200
    assert line[under.index("^") : under.rindex("^") + 1] == "nonsense"
    with pytest.raises(ObjectiveError, match="at most 4000 characters; got 4001"):
        Objective.parse("x" * 4_001)


@pytest.mark.parametrize(
    "word", [*sorted(STOPS), "detail", "attainment", "1", "a b", "", '"', "\\", "=", "is", "s.t.", "ends.", "max"]
)
def test_words_of_the_grammar_are_values_in_quotes(word):
    objective = Objective("maximize", "throughput", at=(Setting("load", word), Setting("slo", word)))
    assert Objective.parse(str(objective)) == objective
    own = Objective("maximize", f"{word}x", at=(Setting(f"my {word}", 1.0),))
    assert Objective.parse(str(own), columns=[f"{word}x", f"my {word}"]) == own


def test_columns_of_the_frame_come_before_other_names():
    assert Objective.parse("max qps where rack < 3", columns=["qps", "rack"]).metric == "qps"
    assert Objective.parse("max qps").metric == "throughput_rps"
    assert Objective.parse("max Watts", columns=["Watts"]).metric == "Watts"
    assert Objective.parse("max WATTS", columns=["Watts"]).metric == "Watts"


def test_an_objective_made_in_python_takes_the_same_names():
    from tradeoff.objective import Constraint

    made = Objective("maximize", "tokens/s", Constraint("ttft p99", "<=", 200), Setting("batch", 8))
    assert Objective.of(made) == Objective.parse("max tokens/s where ttft_p99 <= 200 ms at batch 8")
    with pytest.raises(ObjectiveError, match="'latency' is ambiguous"):
        Objective.of(Objective("minimize", "latency"))
    with pytest.raises(TypeError, match="objective must be text such as"):
        Objective.of(3)
