"""The column tables: every column of the two frames, with dtype, unit, meaning and direction.

Labels, axis titles, validation, dominance, documentation and the objective's
parser all read these tables, so that a column is described in one place only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Better = Literal["higher", "lower", "neither"]
Dtype = Literal["str", "Int64", "float64", "list"]

PERCENTILES: Mapping[str, float] = MappingProxyType({"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "p999": 0.999})
"""The percentiles the frames carry: short name to probability."""

STAGES = ("pre", "batch_wait", "queue_wait", "model", "post", "overhead")
"""Where a request's time goes, in the order in which it passes."""


@dataclass(frozen=True)
class Column:
    """One column of a frame.

    Attributes
    ----------
    name
        The column's name; a unit, if any, is its suffix.
    dtype
        ``"str"``, ``"Int64"`` (nullable), ``"float64"`` or ``"list"`` (of text).
    meaning
        One sentence for a newcomer.
    unit
        ``"ms"``, ``"requests/s"``, ... or ``""``.
    better
        Which direction is better for the people served.
    label
        Human name for axes and tables, without the unit.
    short
        The name people type in objectives (``"p99"``); equal to `name` when there is none.
    allowed
        The values a text column may take; empty when it is free text.
    """

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    better: Better = "neither"
    label: str = ""
    short: str = ""
    allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Fill the label and the short name from the name."""
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))
        if not self.short:
            object.__setattr__(self, "short", self.name)

    @property
    def title(self) -> str:
        """The label with its unit, as an axis shows it."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def _identity() -> Iterable[Column]:
    text: Dtype = "str"
    yield Column("workload", text, "What the device runs for one batch, named by its operation.")
    yield Column("backend", text, "Who runs it: torch, cupy, numpy, or python for a plain callable.")
    yield Column("device", text, "The device it ran on, as the backend names its model.")
    yield Column("dtype", text, "The numbers' type: float32, float16, bfloat16, ...")
    yield Column(
        "mode",
        text,
        "How calls were issued: k in flight, one alone, a chunk enqueued, a replayed graph, or served requests.",
        allowed=("concurrent", "isolated", "pipelined", "graph", "serving"),
    )
    yield Column(
        "load",
        text,
        "How work arrives: a fixed number in flight (closed), or on a schedule whatever the system does.",
        allowed=("closed", "poisson", "constant", "gamma", "mmpp", "trace", "all_at_once"),
    )
    yield Column(
        "batch_size",
        "Int64",
        "Requests in a call; in serving modes the policy's maximum.",
        "requests",
        label="batch size",
    )
    yield Column("concurrency", "Int64", "Calls (device modes) or clients (serving) in flight at once.", "in flight")
    yield Column(
        "request_rate_rps",
        "float64",
        "Requests that arrive per second, open loop.",
        "requests/s",
        label="request rate",
        short="request_rate",
    )
    yield Column(
        "max_wait_ms",
        "float64",
        "Longest time the policy holds a request to fill its batch.",
        "ms",
        label="maximum wait",
        short="max_wait",
    )
    yield Column("workers", "Int64", "Workers that take batches from the queue.", "workers")
    yield Column(
        "formation",
        text,
        "Whether workers share one queue or each forms its own batch.",
        allowed=("shared", "per_worker"),
    )
    yield Column("queue_limit", "Int64", "Waiting places; missing means unbounded.", "requests", label="queue limit")
    yield Column(
        "memory_tokens", "Int64", "Tokens that a cache of keys and values holds; missing means unbounded.", "tokens"
    )
    yield Column("max_prefill_tokens", "Int64", "Prompt tokens of one iteration at most, token models.", "tokens")
    yield Column(
        "think_ms",
        "float64",
        "Mean time a client waits before its next request, closed loop.",
        "ms",
        label="think time",
        short="think",
    )
    yield Column(
        "load_detail", text, "What the load's name leaves open: a shape, the rates of its states, how clients think."
    )
    yield Column("host_ms", "float64", "Work of the host for each batch, stated in advance.", "ms", label="host time")
    yield Column(
        "network_ms", "float64", "Time that a request and its answer are under way.", "ms", label="network time"
    )
    yield Column("pad_to", text, "Sizes to which batches are filled up.", allowed=("measured",))
    yield Column(
        "cache", text, "State of the device's cache before each call.", allowed=("hot", "cold_flush", "cold_rotate")
    )
    yield Column("regime", text, "Peak and short (burst), or steady state (sustained).", allowed=("burst", "sustained"))
    yield Column("source", text, "Who measured: tradeoff, or the tool whose file was read.")
    yield Column(
        "latency_basis",
        text,
        "From when latency counts: the scheduled arrival, the send, or the device's own interval.",
        allowed=("scheduled", "send", "device"),
        label="latency counted from",
    )
    yield Column(
        "model_clock",
        text,
        "The clock behind model latency.",
        allowed=("host", "cuda_event", "none"),
        label="model clock",
    )


def _with_interval(column: Column) -> Iterable[Column]:
    yield column
    for suffix, end in (("_lo", "lower"), ("_hi", "upper")):
        yield Column(
            column.name + suffix,
            "float64",
            f"The {end} end of the 95 % interval of {column.label}.",
            column.unit,
            column.better,
            f"{column.label}, {end} end",
            column.short + suffix,
        )


def _time_statistics(stem: str, label: str, *, statistics: Iterable[str], interval: bool) -> Iterable[Column]:
    for statistic in statistics:
        name = f"{stem}_{statistic}_ms"
        text = f"{statistic} {label}" if statistic != "mean" else f"mean {label}"
        short = statistic if stem == "latency" else f"{stem}_{statistic}"
        if stem == "latency" and statistic == "mean":
            short = "latency_mean"
        meaning = (
            f"The mean of {label}; it hides what users feel."
            if statistic == "mean"
            else f"{100 * PERCENTILES[statistic]:g} % of requests see a {label} of at most this."
        )
        column = Column(name, "float64", meaning, "ms", "lower", text, short)
        yield from _with_interval(column) if interval else (column,)


def _seen() -> Iterable[Column]:
    everything = ("mean", *PERCENTILES)
    some = ("mean", "p50", "p99")
    yield Column("n", "Int64", "Samples behind the percentiles: served, and due in the window.", "samples", "higher")
    yield Column(
        "n_errors",
        "Int64",
        "Calls or requests of the window that failed or timed out; they are in no percentile.",
        "requests",
        "lower",
        "errors",
    )
    yield Column(
        "n_rejected",
        "Int64",
        "Requests of the window turned away because the queue was full.",
        "requests",
        "lower",
        "rejected",
    )
    yield Column(
        "rejection_rate",
        "float64",
        "Requests turned away, divided by requests that came, in the window.",
        "",
        "lower",
        "rejection rate",
    )
    yield from _with_interval(
        Column(
            "error_rate",
            "float64",
            "Requests that failed or timed out, divided by requests that came, in the window.",
            "",
            "lower",
            "error rate",
        )
    )
    yield Column("n_in_system", "Int64", "Requests that had come and were not finished at the end.", "requests")
    yield Column(
        "duration_s",
        "float64",
        "Length of the window, which all counts, rates and shares of a row speak of: of a sweep the time in which its "
        "n calls were made, warm-up, start-up and pauses left out, averaged over the calls in flight; of replications "
        "and processes their sum.",
        "s",
        label="measured for",
    )
    yield from _with_interval(
        Column(
            "throughput_rps",
            "float64",
            "Requests of the window that were completed, divided by it: n / duration_s, of a sweep times batch_size.",
            "requests/s",
            "higher",
            "throughput",
            "throughput",
        )
    )
    yield Column("slo", "str", "Limits on what a single request sees, which attainment and goodput speak of.")
    yield from _with_interval(
        Column(
            "attainment",
            "float64",
            "Requests that met the SLO, divided by all that came in the window, failed and rejected ones included.",
            "",
            "higher",
            "SLO attainment",
        )
    )
    yield from _with_interval(
        Column(
            "goodput_rps",
            "float64",
            "Requests a second that met the SLO.",
            "requests/s",
            "higher",
            "goodput",
            "goodput",
        )
    )
    yield Column(
        "calls_per_s",
        "float64",
        "Calls completed in the window, divided by the window.",
        "calls/s",
        "higher",
        "call rate",
    )
    yield Column(
        "in_flight_mean",
        "float64",
        "Requests (device modes: calls) under way at once, on average over the window, where somebody counted them.",
        "in flight",
        label="mean in flight",
    )
    yield Column("utilisation", "float64", "Share of the window in which the device was busy.", "", "neither")
    yield Column("overlap", "float64", "Device time of all calls over the time in which the device was busy.")
    yield Column(
        "batch_size_mean", "float64", "Mean size of the batches that were formed.", "requests", label="mean batch size"
    )
    yield from _time_statistics("latency", "latency", statistics=everything, interval=True)
    for which, word in (("min", "shortest"), ("max", "longest")):
        yield Column(
            f"latency_{which}_ms",
            "float64",
            f"The {word} latency behind the percentiles.",
            "ms",
            "lower",
            f"{word} latency",
            f"latency_{which}",
        )
    yield from _time_statistics("model", "model latency", statistics=everything, interval=True)
    yield from _time_statistics("queue_wait", "queue wait", statistics=some, interval=True)
    yield from _time_statistics("batch_wait", "batch wait", statistics=some, interval=True)
    for statistic in some:
        yield Column(
            f"schedule_delay_{statistic}_ms",
            "float64",
            f"How long after they were due requests were sent, {statistic}; a latency from the send leaves it out.",
            "ms",
            "lower",
            f"{statistic} schedule delay",
            f"schedule_delay_{statistic}",
        )
    yield from _with_interval(
        Column("tokens_per_s", "float64", "Tokens produced per second.", "tokens/s", "higher", "token throughput")
    )
    yield Column("n_tpot", "Int64", "Answers of two tokens and more, behind tpot.", "samples", "higher")
    yield Column("n_itl", "Int64", "Gaps between tokens, behind itl.", "samples", "higher")
    yield from _time_statistics("ttft", "time to first token", statistics=everything, interval=True)
    yield from _time_statistics("tpot", "time per output token", statistics=everything, interval=True)
    yield from _time_statistics("itl", "inter-token latency", statistics=everything, interval=True)


def _where_time_goes() -> Iterable[Column]:
    for where in ("mean", "p50", "p99"):
        around = "all requests" if where == "mean" else f"the requests around {where} (± 0.25 % of ranks)"
        for stage in STAGES:
            yield Column(
                f"at_{where}_{stage}_ms",
                "float64",
                f"Mean {stage.replace('_', ' ')} time of {around}.",
                "ms",
                "lower",
                f"{stage.replace('_', ' ')} at {where}",
            )


def _cost_and_trust() -> Iterable[Column]:
    yield Column("flops", "float64", "Floating-point operations of one call.", "flop")
    yield Column("bytes", "float64", "Bytes one call must move at least.", "B")
    yield Column(
        "pct_of_limit",
        "float64",
        "Share of the device's own limit that was reached.",
        "%",
        label="share of the device's limit",
    )
    yield Column(
        "peak_memory_bytes",
        "Int64",
        "Most memory in use at once, from the making of the inputs to the last measured call, compilation included: on "
        "a GPU what torch's allocator gave out or CuPy's pool held, on a processor the resident memory of the whole "
        "measuring process with its interpreter and libraries. Missing where the system does not say.",
        "B",
        "lower",
        "peak memory",
        "peak_memory",
    )
    yield Column("energy_j_per_item", "float64", "Energy spent per request.", "J", "lower", "energy per request")
    yield Column(
        "cost_per_million",
        "float64",
        "Price of a million requests, in the currency of the price per hour that was stated.",
        "",
        "lower",
        "cost per million requests",
    )
    yield Column("sm_clock_mhz", "float64", "Median clock of the device's processors.", "MHz", label="processor clock")
    yield Column("power_w", "float64", "Median power drawn.", "W", label="power")
    yield Column("temperature_c", "float64", "Median temperature.", "°C", label="temperature")
    for percentile in ("p50", "p99"):
        yield Column(
            f"floor_{percentile}_ns",
            "float64",
            f"The {percentile} of what timing an empty call costs.",
            "ns",
            label=f"cost of an empty measurement, {percentile}",
        )
    for percentile in ("p50", "p99"):
        yield Column(
            f"wakeup_{percentile}_ms",
            "float64",
            f"The {percentile} of how late the measuring loop itself handed a batch over, or a request.",
            "ms",
            "lower",
            f"wake-up jitter, {percentile}",
        )
    yield from _host()
    yield Column("cold_over_hot", "float64", "Median latency over that of the same call with a hot cache.")
    yield Column("replicates", "Int64", "Processes that measured it, each from the start.", "processes")
    yield Column(
        "drift_pct",
        "float64",
        "Spread of the medians of eight slices of the measured time, over their median.",
        "%",
        label="drift",
    )
    yield Column("visits", "Int64", "Times the sweep came to it, with other points measured in between.", "visits")
    yield Column(
        "time_scale_s",
        "float64",
        "Longest time scale it can speak for: slow spells that come back within it were seen fifty times or more; of "
        "rarer ones the intervals may know nothing.",
        "s",
        "higher",
        "time scale covered",
    )
    yield Column("n_start_up", "Int64", "Calls cut off the head of its visits, for they had not settled yet.", "calls")
    yield Column(
        "start_up_pct",
        "float64",
        "How much slower (above 0) or faster the first of these were than the calls after them.",
        "%",
        label="start-up slower by",
    )
    for percentile in PERCENTILES:
        yield Column(
            f"tau_{percentile}",
            "float64",
            f"Samples that count as one at {percentile}: latencies that follow each other are alike.",
            label=f"dependence at {percentile}",
        )
    yield Column(
        "status",
        "str",
        "How the measurement ended.",
        allowed=("converged", "budget", "partial", "unstable", "throttled", "saturated", "oom", "failed"),
    )
    yield Column("reason", "str", "Why it ended so, in a sentence.")
    yield Column("flags", "list", "What to know before using the row: names from the flag table.")
    yield Column("extra", "str", "What a source file said beyond these columns, as JSON.")


def _host() -> Iterable[Column]:
    yield Column(
        "cpu_us_per_request",
        "float64",
        "Processor time of the measured process, its threads and children, for each request.",
        "us",
        "lower",
        "processor time per request",
    )
    yield Column(
        "cores_used",
        "float64",
        "Processor time of the measured process over the measured time: how many cores it kept busy.",
        "cores",
        label="cores used",
    )
    yield Column(
        "cores_idle",
        "float64",
        "Cores that the process may use and that had nothing to do, on average.",
        "cores",
        label="idle cores",
    )
    yield Column(
        "foreign_load",
        "float64",
        "Share of the cores' time that other processes took, of those cores that the process may use.",
        "",
        "lower",
        "load of other processes",
    )
    yield Column("steal", "float64", "Share of the cores' time that the hypervisor gave to others.", "", "lower")
    yield Column(
        "core_wait",
        "float64",
        "Threads of the measured process that were ready to run and had no core, on average.",
        "threads",
        "lower",
        "threads without a core",
    )
    yield Column(
        "involuntary_per_s",
        "float64",
        "How often a second threads of the measured process lost a core though they had work to do.",
        "switches/s",
        "lower",
        "involuntary context switches",
    )
    yield Column(
        "cpu_pressure",
        "float64",
        "Share of the time in which some thread of the machine waited for a core (Linux's PSI), own ones included.",
        "",
        "lower",
        "processor pressure",
    )
    yield Column(
        "throttled",
        "float64",
        "Time that the control group's quota held threads back, summed over cores, over the measured time.",
        "",
        "lower",
        "throttled by a quota",
    )
    yield Column(
        "disturbed",
        "float64",
        "Share of the measured time in stretches in which cores were lost to others: see the label of the samples.",
        "",
        "lower",
        "disturbed time",
    )
    yield Column("host_clock_mhz", "float64", "Mean clock of the host's processor.", "MHz", label="host's clock")


def _samples() -> Iterable[Column]:
    yield Column("point_id", "str", "The operating point this observation belongs to.")
    yield Column("replicate", "Int64", "Which process measured it, counted from 0.")
    yield Column("visit", "Int64", "Which visit of the sweep to this point it was made in, counted from 0.")
    yield Column("seq", "Int64", "Order of submission within the replicate.")
    yield Column("batch_id", "Int64", "Which call served it.")
    yield Column(
        "phase",
        "str",
        "Part of the run it belongs to; measure: it is of the window that its row speaks of, however it ended.",
        allowed=("cold", "warmup", "measure", "drain"),
    )
    for name, meaning in (
        ("scheduled_ns", "When it was due to arrive, open loop."),
        ("submitted_ns", "When it was handed over."),
        ("dispatched_ns", "When its batch was dispatched."),
        ("device_start_ns", "When the device began its batch."),
        ("device_end_ns", "When the device finished its batch."),
        ("done_ns", "When its completion was observed."),
        ("pre_ns", "Host work before the model."),
        ("batch_wait_ns", "Waiting for the batch to form."),
        ("queue_wait_ns", "Waiting for a worker."),
        ("model_ns", "Model latency."),
        ("post_ns", "Host work after the model."),
        ("overhead_ns", "Latency minus all other parts; negative is a finding."),
        ("latency_ns", "What the caller waited."),
    ):
        yield Column(name, "Int64", meaning, "ns")
    yield Column("first_token_ns", "Int64", "When its first token was there.", "ns")
    yield Column("prompt_tokens", "Int64", "Tokens of its prompt; of all prompts that a step computed.", "tokens")
    yield Column("output_tokens", "Int64", "Tokens of its answer; all that a step gave.", "tokens")
    yield Column(
        "step",
        "str",
        "What a step of a token model computed: prompts, or one more token for each; missing for requests.",
        allowed=("prefill", "decode"),
    )
    yield Column("batch_size", "Int64", "Size of the batch that served it.", "requests")
    yield Column("in_flight", "Int64", "Calls in flight when it was submitted, itself included.", "in flight")
    yield Column(
        "status",
        "str",
        "How it ended; unfinished when it had come and the measurement ended first.",
        allowed=("ok", "error", "rejected", "timeout", "unfinished"),
    )
    yield Column(
        "label",
        "str",
        "What disturbed it: power_capped, thermal, slowed_down, gc (garbage was collected), preempted (a core was "
        "taken away), and machine_busy, cpu_stolen or quota_throttled for all calls of a stretch in which cores were "
        "lost to other processes, the hypervisor or a quota; several joined by semicolons, missing when nothing did.",
    )


def _table(columns: Iterable[Column]) -> Mapping[str, Column]:
    return MappingProxyType({column.name: column for column in columns})


IDENTITY_COLUMNS: tuple[str, ...] = tuple(column.name for column in _identity())
"""What an operating point is; ``point_id`` is a hash of these."""

LATER_IDENTITY: tuple[str, ...] = (
    "load_detail", "host_ms", "network_ms", "pad_to", "memory_tokens", "max_prefill_tokens",
)  # fmt: skip
"""Identity columns that older Runs lack: a point without them has the id it would have had then."""

NEVER_POOLED: tuple[str, ...] = (
    "workload", "backend", "device", "dtype", "mode", "regime", "cache", "latency_basis", "model_clock",
)  # fmt: skip
"""Rows that differ in one of these neither compete nor mix, unless told otherwise."""

UNUSABLE: tuple[str, ...] = ("failed", "oom", "saturated")
"""Statuses of rows that answer nothing: whatever numbers they hold, nobody can plan with them."""

POINT_COLUMNS: Mapping[str, Column] = _table(
    (
        Column("point_id", "str", "A hash of what the point is."),
        *_identity(),
        *_seen(),
        *_where_time_goes(),
        *_cost_and_trust(),
    )
)
"""The columns of ``points``, a row per operating point, by name and in order."""

OF_AN_SLO: tuple[str, ...] = ("attainment", "goodput_rps")
"""What says nothing without the limits in the column ``slo``."""

SHARES: frozenset[str] = frozenset(
    {"utilisation", "rejection_rate", "error_rate", "attainment", "foreign_load", "steal", "cpu_pressure", "throttled",
     "disturbed"}
)  # fmt: skip
"""Columns that hold shares, 1 for all of it: people write them in percent."""

SAMPLE_COLUMNS: Mapping[str, Column] = _table(_samples())
"""The columns of ``samples``, a row per call or request, by name and in order."""


def column(name: str) -> Column:
    """Look a column of ``points`` up by its name or its short name.

    Raises
    ------
    KeyError
        When neither table nor short names know `name`.
    """
    if name in POINT_COLUMNS:
        return POINT_COLUMNS[name]
    for candidate in POINT_COLUMNS.values():
        if candidate.short == name:
            return candidate
    raise KeyError(f"no column {name!r} in points")


def may_be_negative(name: str) -> bool:
    """Say whether a column of numbers may hold values below 0."""
    # Overhead is what the other parts leave over: a negative value is a finding, not an error. A generator that is
    # a little early has a negative schedule delay.
    return (
        name in ("overhead_ns", "temperature_c")
        or name.endswith("_overhead_ms")
        or (name.startswith("schedule_delay_") and name.endswith("_ms"))
    )
