"""A clock and a model of tokens by script: time passes only where it is told to."""

from __future__ import annotations

import itertools


class Scripted:
    """Steps that cost what `cost` says, fail where `fail` says; sleep that wakes late; a clock that costs time."""

    def __init__(self, cost, *, lateness=(0,), fail=(), tick=0, stop_at=(), origin=7_000):
        self.now, self.cost, self.fail, self.tick = origin, cost, set(fail), tick
        self.lateness = itertools.cycle(lateness)
        self.stop_at = sorted(stop_at)
        self.held, self.steps = {}, 0

    def clock(self):
        self.now += self.tick
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9) + next(self.lateness)

    @property
    def count(self):
        """How often Ctrl-C was pressed."""
        return sum(self.steps >= at for at in self.stop_at)

    def _take(self, step, size):
        self.steps += 1
        self.now += self.cost(step, size, self.steps)
        if self.steps - 1 in self.fail:
            raise RuntimeError("no luck in /home/ada/model.py")

    def prefill(self, prompts):
        for number, tokens in prompts:
            assert number not in self.held
            self.held[number] = tokens
        self._take("prefill", sum(tokens for _, tokens in prompts))

    def decode(self):
        assert self.held
        for number in self.held:
            self.held[number] += 1
        self._take("decode", len(self.held))

    def leave(self, numbers):
        for number in numbers:
            self.held.pop(number, None)
