"""The grammar of objectives against 100 000 odd texts: each is read and reads back, or is refused with its own error.

Run with ``python benchmarks/parser.py``. Targets: no other exception; ``Objective.parse(str(found)) == found`` for
every text that is read, with the same text again; at most 10 ms of processor time for each (the collector of garbage is
off, for its pauses are not the parser's).
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from random import Random

from tradeoff.objective import Objective, ObjectiveError

N, WANTED_MS = 100_000, 10.0

VALID = (
    "maximize throughput subject to p99 <= 20 ms at concurrency 32",
    "max tokens/s s.t. ttft_p99 <= 0.2 s, tpot p99 < 30ms at request_rate 16",
    "minimize latency p99 under 1000 rps",
    "min avg latency where throughput >= 2.5k/s && rejection_rate <= 1 %",
    'maximize throughput at workload "my \\"model\\"" and device is "a GPU"',
    "highest requests per second with p99.9 between 5 and 20 ms and n_errors < 1 for batch 8",
    "minimize energy_j_per_item subject to watts <= 3e2 and euros >= 1",
)
NUMBERS = (
    "1e999", "-1e999", "nan", "inf", "-inf", "1e-999", "1e99999999999999999999", "0x1f", "1_000", "1,5", "1.000,5",
    "1 000", "٢٠", "²", "½", "-0", "+5", ".5", "5.", "1e", "1e+", "9" * 400, "0." + "0" * 400 + "1", "1e308", "1e-308",
)  # fmt: skip
PIECES = (
    *NUMBERS, "max", "min", "where", "s.t.", "subject to", "at", "for", "@", "and", "or", "not", "&&", "||", ",", ";",
    "<", "<=", "≤", "=<", "==", "=", "!=", ">", "≥", "=>", "between", "under", "at most", "at least", "is", "%", "/s",
    "ms", "µs", "μs", "K", "M", "kB", "GiB", "rps", "qps", "tokens/s", "p99", "p99.9", "latency", "mean", "batch",
    '"', "'", '""', '"\\"', "\\", "\\u0000", "(", ")", "[", "{", "}}", "--", "__class__", "%s", "%n", "{0}", "$(x)",
    "\x00", "\x1b[2J", "\r", "\n", "\t", "\x7f", "\u202e", "\u200b", "\ufeff", "\ud800", "é", "e\u0301", "日本語", "🙂",
    "ſ", "İ", "ß", "\u2028", "．", "＜", "99th percentile", "latency " * 40, "a" * 3000, "1" * 3000, "日" * 300,
)  # fmt: skip
COLUMNS = ("watts", "euros", "my col", "日本語", "max", "where", "p99.9x", "P", 3)


GOALS = ("max", "Maximize", "highest", "MIN", "minimise", "lowest")
METRICS = ("throughput", "rps", "p99", "P99.9", "latency p99", "99th percentile latency", "tokens/s", "avg", "watts")
CLAUSES = ("subject to", "where", "s.t.", "with", "such that", ",", "under", "and")
LIMITS = (
    "p99 < 20ms", "tpot p99 <= 3e-2 s", "p99.9 between 5 and 20 ms", "throughput above 2k/s", "utilisation >= 80 %",
    "n_errors < 1", "watts is at most 300", "peak_memory <= 2 GiB", '"my col" > 1', "batch = 8", "workload is softmax",
)  # fmt: skip
SETTINGS = ("at batch 8", "for concurrency 32", "@ 1000 rps", 'at workload = "a b"', 'at load "and"')


def composed(random: Random) -> str:
    """Put an objective together that should be read, unless its limits exclude each other."""
    parts = [random.choice(GOALS), random.choice(METRICS)]
    if random.random() < 0.8:
        limits = random.choice((" and ", ", ", " && ", ";")).join(random.sample(LIMITS, random.randint(1, 4)))
        parts += [random.choice(CLAUSES[:-1]), limits]
    return random.choice((" ", "  ", "\t")).join([*parts, *random.sample(SETTINGS, random.randint(0, 2))])


def mutated(random: Random, text: str) -> str:
    """Change a text in one to four places."""
    for _ in range(random.choice((1, 1, 2, 4))):
        at, to = sorted(random.choices(range(len(text) + 1), k=2))
        piece, how = random.choice(PIECES), random.randrange(7)
        if how == 0:
            at, to = to, to
        elif how == 1:
            to = min(to, at + 3)
        elif how == 2:
            piece, to = "", min(to, at + 2)
        elif how == 3:
            piece = text[at:to] * 2
        elif how == 4:
            piece, to = chr(random.randrange(0x110000)), at
        else:
            piece = text[at:to].swapcase() if how == 5 else text[at:to][::-1]
        text = text[:at] + piece + text[to:]
    return text


def odd(random: Random) -> str:
    """Make an odd text: put together, changed, random, or very long."""
    kind = random.random()
    if kind < 0.2:
        return composed(random)
    if kind < 0.65:
        return mutated(random, random.choice((*VALID, composed(random))))
    if kind < 0.9:
        return random.choice(("", " ", " ")).join(random.choices(PIECES, k=random.randrange(14)))
    if kind < 0.98:
        return "".join(map(chr, (random.randrange(random.choice((128, 0x3000, 0x110000))) for _ in range(40))))
    return long(random)


def long(random: Random) -> str:
    """Make a text of up to a million characters, or one just short of what is read."""
    piece = random.choice((*PIECES, " and p99 <= 20 ms", '"\\', '\\"', "p99 >= 1 ms, ", ' at workload "x"', "é"))
    size = random.choice((3_990, 3_990, 3_990, 3_990, 100_000, 1_000_000))
    return ("max rps where " + piece * (size // len(piece)))[:size]


def broken(text: str) -> str:
    """Say what is wrong with how a text was read; nothing where it was read and reads back, or was refused."""
    try:
        found = Objective.parse(text, columns=COLUMNS)
    except ObjectiveError as error:
        lines = str(error).split("\n")
        fits = error.position is None or (len(lines) == 3 and set(lines[2].strip()) == {"^"})
        return "" if fits and len(str(error)) < 1000 else f"an odd message: {error!s:.200}"
    except Exception as error:
        return f"{type(error).__name__}: {error!s:.200}"
    try:
        again = Objective.parse(str(found), columns=COLUMNS)
    except ObjectiveError as error:
        return f"{str(found)!r} does not read back: {error}"
    return "" if again == found and str(again) == str(found) else f"{str(found)!r} reads as {str(again)!r}"


def main(n: int = N, seed: int = 0) -> int:
    random, outcomes, slowest, reached = Random(seed), Counter[str](), (0.0, ""), True  # noqa: S311
    gc.disable()
    for text in (odd(random) for _ in range(n)):
        start = time.process_time_ns()
        try:
            Objective.parse(text, columns=COLUMNS)
            outcome = "read"
        except ObjectiveError:
            outcome = "refused"
        except Exception:
            outcome = "broken"
        took = (time.process_time_ns() - start) / 1e6
        if took > WANTED_MS:  # once more: the system may have taken its part of the time
            start = time.process_time_ns()
            broken(text)
            took = min(took, (time.process_time_ns() - start) / 1e6)
        slowest = max(slowest, (took, text))
        if said := broken(text):
            outcome, reached = "broken", False
            print(f"{text[:100]!r}\n    {said[:100]} … {said[-100:]}")
        outcomes[outcome] += 1
    print(f"{n} odd texts: {', '.join(f'{count} {name}' for name, count in sorted(outcomes.items()))}  wanted 0 broken")
    print(f"slowest: {slowest[0]:.1f} ms  wanted {WANTED_MS:g} ms  {slowest[1][:60]!r} ({len(slowest[1])} characters)")
    return 0 if reached and slowest[0] <= WANTED_MS else 1


if __name__ == "__main__":
    sys.exit(main())
