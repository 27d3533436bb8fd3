"""The objective of a widget: declared from Python, typed in the browser, moved by the slider of its limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import traitlets

from tradeoff.explorer.asked import Questions
from tradeoff.explorer.place import NotMeasuredError, as_number
from tradeoff.objective import Constraint, Objective, ObjectiveError


class RefusedError(traitlets.TraitError, ObjectiveError):
    """An objective that cannot be asked here; the one before stays."""

    def __init__(self, error: ObjectiveError) -> None:
        ObjectiveError.__init__(self, error.reason, text=error.text, position=error.position, length=error.length)


class Checked(traitlets.Any):
    """A trait that its validators see in any case: traitlets would let None pass without asking them."""

    allow_none = False


class Declaring(traitlets.HasTraits):
    """What a widget with an objective has: `objective` and, short for it, `limit_ms`.

    The widget brings `_questions`, the traits ``payload``, ``slice`` and ``percentile``, ``send``, and `_content`.
    """

    _questions: Questions
    payload: Any
    slice: Any
    percentile: Any
    send: Any

    objective = Checked("").tag(sync=True, to_json=lambda text, widget: widget._parts(text))

    @property
    def limit_ms(self) -> float | None:
        """The limit that the objective sets on `percentile`; None while it sets none."""
        asked = self._questions.read(self.objective)
        return next((one.limit for one in asked.constraints if self._limits(one)), None) if asked else None

    @limit_ms.setter
    def limit_ms(self, value: float | None) -> None:
        if value is None:
            self.objective = None
            return
        limit = as_number(value)
        if limit is None or limit <= 0:
            raise NotMeasuredError(f"limit_ms {value!r}: a positive number of milliseconds, or None for no limit")
        asked = self._questions.read(self.objective) or Objective("maximize", "throughput")
        others = tuple(one for one in asked.constraints if not self._limits(one))
        self.objective = replace(asked, constraints=(Constraint(f"latency_{self.percentile}_ms", "<=", limit), *others))

    def _content(self, asked: Objective | None = None) -> dict[str, Any]:
        raise NotImplementedError

    @traitlets.validate("objective")
    def _askable(self, proposal: dict[str, Any]) -> str:
        try:
            asked = self._questions.read(proposal["value"])
        except ObjectiveError as error:
            raise RefusedError(error) from None
        if asked is None:
            return ""
        if any(name not in self.payload["metrics"] for name in self._questions.columns(asked)):
            self.set_trait("payload", self._content(asked))
        if str(asked) != self.objective:
            self.set_trait("slice", self._questions.slice_for(asked, self.slice))
            self.set_trait("percentile", self._questions.percentile_for(asked, self.percentile))
        return str(asked)

    def _askable_or_now(self, wished: object) -> Any:
        """Return what the browser sends when it can be asked, else what is asked now; as it travels."""
        try:
            return self._questions.parts(self._questions.read(wished))
        except ObjectiveError:
            return self._parts(self.objective)

    def _answer_typed(self, content: Mapping[str, Any]) -> None:
        """Declare what somebody types, or say what is wrong with it and where."""
        error = None
        try:
            self.objective = content.get("text")
        except ObjectiveError as refused:
            error = {"reason": refused.reason, "position": refused.position, "length": refused.length}
        self.send({"kind": "objective", "number": content.get("number"), "error": error})

    def _parts(self, text: str) -> dict[str, Any] | None:
        return self._questions.parts(self._questions.read(text))

    def _limits(self, constraint: Constraint) -> bool:
        return constraint.metric == f"latency_{self.percentile}_ms" and constraint.comparison == "<="
