"""Whether rate, window, requests and latency can be of one run."""

from __future__ import annotations

from collections.abc import Iterator

from tradeoff.audit.findings import ERROR, WARNING, Found, found
from tradeoff.audit.rows import Rows
from tradeoff.audit.words import choice, count, number, time
from tradeoff.frames.contradictions import contradictions, requests_each, typical_latency_ms

_LONGEST = ("latency_max_ms", "latency_p999_ms", "latency_p99_ms")


def window(rows: Rows) -> Iterator[Found]:
    """Find rows whose window does not hold the work that they speak of."""
    n, rate, window_s = rows.number("n"), rows.raw("throughput_rps"), rows.number("duration_s")
    each = requests_each(rows.number, is_device=rows.is_device, serves=~rows.is_device)
    wrong = contradictions(rows.raw, each)
    yield found(
        wrong["rate"],
        ERROR,
        "Its throughput is %s although requests were served: what was counted is not what was divided, as where all "
        "requests come at once and only the time in which they come is looked at. Divide by the time from the first "
        "request to the last answer. Do not plan with it.",
        choice(rate == 0, "infinite", "0"),
        observed=rate,
    )
    yield found(
        wrong["nothing"],
        ERROR,
        "It was measured for 0 s: nothing can be served in no time, and no rate follows from it. Divide by the time "
        "from the first request to the last answer. Do not plan with it.",
        observed=window_s,
    )
    latency = typical_latency_ms(rows.number)
    yield found(
        wrong["short"],
        ERROR,
        "It was measured for %s, which is shorter than a request takes, %s: the window does not hold the work, and its "
        "throughput and its latency are not of the same requests. Do not plan with it.",
        time(1e3 * window_s),
        time(latency),
        observed=1e3 * window_s,
        expected=latency,
    )
    yield found(
        wrong["count"],
        ERROR,
        "%s requests in %s are %s requests/s, and its throughput is %s requests/s: they are not of one window. Do not "
        "plan with either before it is known what was counted, and in what time.",
        count(each * n),
        time(1e3 * window_s),
        number(each * n / window_s),
        number(rate),
        observed=rate,
        expected=each * n / window_s,
    )
    longest = rows.number(_LONGEST[0])
    for name in _LONGEST[1:]:
        longest = longest.copy()
        longest[longest != longest] = rows.number(name)[longest != longest]
    contradicted = wrong["rate"] | wrong["nothing"] | wrong["short"] | wrong["count"]
    yield found(
        (1e3 * window_s < longest) & ~contradicted & ~rows.is_device,
        WARNING,
        "It was measured for %s, and its slowest requests took %s: such a run says little of how often that happens, "
        "and its throughput counts answers that came after the window. Serve for longer.",
        time(1e3 * window_s),
        time(longest),
        observed=1e3 * window_s,
        expected=longest,
    )
