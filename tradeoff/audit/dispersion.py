"""How far the number of requests that a load brings strays from what was asked for, by chance alone.

The index of dispersion for counts is the variance of the number of arrivals in a window over its mean (Cox and Lewis,
*The Statistical Analysis of Series of Events*, 1966, chapter 4). It is 1 for a Poisson process, 0 at equal distances,
and the squared coefficient of variation of the distances in the long run for a renewal process: 1 / shape for gamma.
For a Markov-modulated Poisson process the variance of the rate's integral comes on top::

    1 + Σ_j w_j 2 (T / m_j - (1 - exp(-m_j T)) / m_j²) / (r T)

r is the mean rate, -m_j are the eigenvalues of the chain of states, w_j what they share of the rate's variance (Fischer
and Meier-Hellstern, *The Markov-modulated Poisson process (MMPP) cookbook*, Performance Evaluation 18(2), 1993).
"""

from __future__ import annotations

import re

import numpy as np

from tradeoff.audit.rows import Rows
from tradeoff.audit.words import Numbers, Truths

_SIGMAS = 3.0
_RARE = 1e-3
"""A window that lies wholly in the slowest state is chance where that happens this often."""

_UNSTATED = 100.0
"""Index of dispersion that is granted to a bursty load that does not say how bursty it is."""

_SHAPE = re.compile(r"\bshape ([0-9.eE+-]+)")
_STATES = re.compile(r"\brates ([0-9.eE+, -]+) requests/s, for ([0-9.eE+, -]+) s\b")


def missing_by_chance(rows: Rows, n: Numbers, asked: Numbers) -> tuple[Numbers, Truths]:
    """Return which share of the requests chance may keep away, and where the row does not say enough to tell.

    Parameters
    ----------
    rows
        The rows that are audited: ``load``, ``load_detail`` and ``replicates`` are read.
    n
        Requests that came.
    asked
        Requests a second that were asked for.
    """
    n = np.where(n > 0, n, np.nan)
    index = np.ones(rows.length)
    index[rows.is_one_of("load", ("constant",))] = 0.0
    least = np.zeros(rows.length)
    gamma, mmpp = rows.is_one_of("load", ("gamma",)), rows.is_one_of("load", ("mmpp",))
    bursty = gamma | mmpp
    unstated = np.zeros(rows.length, dtype=np.bool_)
    if bursty.any():
        index[bursty] = _UNSTATED
        unstated |= bursty
        copies = np.where(rows.number("replicates") > 0, rows.number("replicates"), 1.0)
        window_s = n / asked / copies
        for detail, where in rows.by_word("load_detail", bursty):
            shape, states = _SHAPE.search(detail), _STATES.search(detail)
            if shape and (value := _numbers(shape[1])) and value[0] > 0:
                here = where & gamma
                # In a short window a few distances decide: the second term of the variance (Cox, Renewal Theory, 1962).
                index[here] = 1 / value[0] + (1 + 1 / value[0] ** 2) * (copies / n)[here]
                unstated &= ~here
            elif states and len(rates := _numbers(states[1])) == len(dwell := _numbers(states[2])) > 1:
                here = where & mmpp
                index[here], least[here] = _mmpp(np.array(rates), np.array(dwell), window_s[here])
                unstated &= ~here
    allowed = _SIGMAS * np.sqrt(index / n)
    # One request more or less is no finding, whatever the load.
    return np.fmax(allowed, np.fmax(least, 1.0 / n)), unstated


def _mmpp(rates: Numbers, dwell_s: Numbers, window_s: Numbers) -> tuple[Numbers, Numbers]:
    """Return the index of dispersion in windows, and what is missing in one that lies in the slowest state alone."""
    if not ((dwell_s > 0).all() and (rates >= 0).all() and rates.max() > 0):
        return np.full(len(window_s), _UNSTATED), np.zeros(len(window_s))
    k = len(rates)
    share = dwell_s / dwell_s.sum()
    chain = (1 / dwell_s[:, None]) * (np.ones((k, k)) - np.eye(k)) / (k - 1) - np.diag(1 / dwell_s)
    mean = float(share @ rates)
    # Between two states it changes as often one way as the other: the chain is symmetric in these coordinates.
    root = np.sqrt(share)
    values, vectors = np.linalg.eigh(root[:, None] * chain / root)
    weights = (vectors.T @ (root * (rates - mean))) ** 2
    variance = np.zeros(len(window_s))
    for value, weight in zip(-values, weights, strict=True):
        if value > 1e-9 / dwell_s.max():
            variance += weight * 2 * (window_s / value + np.expm1(-value * window_s) / value**2)
    slowest = int(np.argmin(rates))
    wholly = share[slowest] * np.exp(-window_s / dwell_s[slowest])
    least = np.where(wholly > _RARE, 1 - rates[slowest] / mean + 3 * np.sqrt(rates[slowest] / window_s) / mean, 0.0)
    return 1 + variance / (mean * window_s), np.nan_to_num(least)


def _numbers(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return found if np.isfinite(found).all() else []
