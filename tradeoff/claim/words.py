"""A claim in sentences: plain text, escaped by whoever shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tradeoff.digits import counted, percent_of, three, whole
from tradeoff.frames.columns import SHARES
from tradeoff.objective.words import PARTIAL, RESTLESS

Content = Mapping[str, Any]

BUSY = "BUSY MACHINE"
"""Mark of a claim whose point was measured beside other load."""

_HASH_SHOWN = 12
"""Digits of a hash that people compare by eye."""

_GRAVEST = ("error", "warning", "info")
_MADE = {False: "measured", True: "simulated from what was measured"}
_WHO = {"feasible": "Answer", "undecided": "Undecided", "infeasible": "No point meets it; the nearest"}


def sentence(content: Content) -> str:
    """Write the claim as one line of prose."""
    text = "; ".join([_headline(content), *_conditions(content)])
    return f"{text}. Incomplete: {listed(content['missing'])} not stated." if content["missing"] else f"{text}."


def heading(content: Content) -> str:
    """Return a title: what runs, and what was asked."""
    limits = " and ".join(map(_limit, content["constraints"]))
    asked = f"{content['value']['label']} subject to {limits}" if limits else content["value"]["label"]
    return f"{content['point'].get('workload', 'a workload')}: {asked}"


def caption(content: Content) -> list[str]:
    """Write the lines under the figure: with them it can be judged alone."""
    others = (("Runner-up", content["runner_up"]), ("Better if it is feasible", content["contender"]))
    shown = content["data_sha256"][:_HASH_SHOWN]
    return [
        *([f"INCOMPLETE. Not stated: {listed(content['missing'])}."] if content["missing"] else []),
        f"Asked: {typeset(content['objective'])}. Verdict: {content['verdict']}.",
        f"{answered(content)}.",
        *(f"{word}: {one['place']}, {one['label']} {_told(one)}." for word, one in others if one),
        *_line(content, ("batch policy", "load")),
        *_line(content, ("SLO", "latency", "latency basis", "clock", "regime", "window")),
        *_line(content, ("hardware", "machine load", "software")),
        f"{_provenance(content)} Data: {counted(content['points'], 'point')}, sha256 {shown}….",
        *([content["turned_away"]] if content["turned_away"] else []),
        _audited(content),
    ]


def alternative(content: Content) -> str:
    """Describe the figure to who cannot see it."""
    marks = f"Marked {' and '.join(content['marks'])}. " if content["marks"] else ""
    points = counted(content["points"], "measured point")
    return f"{marks}The trade-off of {points} with the answer marked. {content['sentence']}"


def table(content: Content) -> Iterator[tuple[str, str]]:
    """Write what is claimed as names and texts, for tables."""
    source = content["source"]
    yield "objective", typeset(content["objective"])
    yield "verdict", content["verdict"]
    yield "nearest" if content["verdict"] == "infeasible" else "answer", content["place"]
    yield from ((measure["label"], _told(measure)) for measure in _measures(content))
    yield from ((f"limit on {one['label']}", f"{_limit(one)}: {one['verdict']}") for one in content["constraints"])
    yield from ((name, "not stated" if text is None else text) for name, text in content["stated"].items())
    for name, other in (("runner-up", content["runner_up"]), ("better if it is feasible", content["contender"])):
        if other:
            yield name, f"{other['place']}, {_told(other)}"
    if source["name"]:
        yield "source file", source["name"]
    yield f"sha256 of the {source['of']}", source["sha256"]
    yield "date of this claim", content["date"]
    yield "data", f"{counted(content['points'], 'point')}, sha256 {content['data_sha256']}"


def answered(content: Content) -> str:
    """Say which point answers, and with which values."""
    values = [f"{one['label']} {_told(one)}" for one in _measures(content)]
    n = content["value"]["n"]
    told = ", ".join(values if n is None else [*values, f"n = {whole(n)}"])
    return f"{_WHO[content['verdict']]}: {content['place']}: {told}"


def listed(words: Sequence[str]) -> str:
    """Write words as a list in a sentence: ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def typeset(text: str) -> str:
    """Write comparisons as people do."""
    return text.replace("<=", "≤").replace(">=", "≥")


def _headline(content: Content) -> str:
    point, value = content["point"], content["value"]
    what = ", ".join(str(point[name]) for name in ("backend", "dtype") if name in point)
    who = str(point.get("workload", "a workload")) + (f" ({what})" if what else "")
    who += f" on {point['device']}" if "device" in point else ""
    limits = " and ".join(_limited(one, value["metric"]) for one in content["constraints"])
    told = f"{value['label']} {_told(value)}{f' with {limits}' if limits else ''}"
    if content["verdict"] == "infeasible":
        asked = typeset(content["objective"])
        return f"No measured point of {who} meets '{asked}': the nearest, {content['place']}, has {told}"
    if content["verdict"] == "undecided":
        more = content["further_samples"]
        settled = f" (at least {whole(more)} more samples settle it)" if more is not None else ""
        return (
            f"{who} may reach {told}, at {content['place']}: an interval holds the limit, so it is undecided{settled}"
        )
    return f"{who}: {told}, at {content['place']}"


def _limited(constraint: Content, metric: str) -> str:
    limit = f"limit {_limit(constraint)}"
    return limit if constraint["metric"] == metric else f"{constraint['label']} {_told(constraint)}, {limit}"


def _conditions(content: Content) -> Iterator[str]:
    stated = content["stated"]
    if stated.get("SLO"):
        yield f"SLO {typeset(stated['SLO'])}"
    for name in ("load", "batch policy", "latency", "latency basis"):
        if stated.get(name):
            yield stated[name]
    if stated["regime"] or stated["window"]:
        yield " for ".join(filter(None, (stated["regime"] or "measured", stated["window"])))
    if stated["n"]:
        among = content.get("among", 1)
        allowing = f" that allow for the choice among {whole(among)} points" if among > 1 else ""
        yield f"n = {stated['n']}, 95 % intervals{allowing}"
    day = stated["date measured"]
    restless = [mark.lower() for mark in content["marks"] if mark.lower() in RESTLESS]
    if restless:
        yield "measured in part" if restless[0] == PARTIAL else f"{restless[0]} while it was measured"
    if content["turned_away"]:
        yield content["turned_away"].rstrip(".")
    busy = " on a busy machine" if BUSY in content["marks"] else ""
    yield f"{_MADE[content['simulated']]}{busy}{f' on {day}' if day else ''}"


def _measures(content: Content) -> Iterator[Content]:
    """Go through what was measured at the point, each metric once."""
    told: set[str] = set()
    for one in (content["value"], *content["constraints"], *content["also"]):
        if one["metric"] not in told:
            told.add(one["metric"])
            yield one


def _told(measure: Content) -> str:
    if measure["value"] is None:
        return "not known"
    low, high = measure["low"], measure["high"]
    written = percent_of if measure["metric"] in SHARES else three
    low, high = ("unknown" if end is None else written(end) for end in (low, high))
    ends = "" if measure["low"] is None and measure["high"] is None else f" ({low} to {high})"
    return f"{written(measure['value'])} {measure['unit']}".rstrip() + ends


def _limit(constraint: Content) -> str:
    return typeset(constraint["text"])


def _line(content: Content, names: Sequence[str]) -> Iterator[str]:
    """Write those of `names` that are stated, on one line; what is not is listed at the end of the caption."""
    told = "; ".join(f"{name}: {text}" for name in names if (text := content["stated"].get(name)))
    if told:
        yield f"{told[0].upper()}{told[1:]}."


def _provenance(content: Content) -> str:
    source, day, name = content["stated"]["source"], content["stated"]["date measured"], content["source"]["name"]
    told = f"{_MADE[content['simulated']]}{f' on {day}' if day else ''}"
    told += f"{f', by {source}' if source else ''}{f' ({name})' if name else ''}; claimed on {content['date']}."
    return f"{told[0].upper()}{told[1:]}"


def _audited(content: Content) -> str:
    findings = content["findings"]
    if not findings:
        return "Audit: no finding."
    grave = min(findings, key=lambda one: _GRAVEST.index(one["severity"]) if one["severity"] in _GRAVEST else 9)
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"Audit, {grave['severity']}: {grave['sentence']}{more}"
