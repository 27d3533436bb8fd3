"""What if: a server that forms batches, simulated in the browser while sliders move."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tradeoff.arguments import ArgumentError, shown
from tradeoff.digits import three
from tradeoff.explorer.assets import stylesheet, whatif_page_module, whatif_widget_module
from tradeoff.explorer.document import document, page_path, table_row, write_document
from tradeoff.explorer.packed import packed
from tradeoff.explorer.service import Service, number
from tradeoff.frames import PERCENTILES, Run
from tradeoff.frames.names import percentile

try:
    import anywidget
    import traitlets
except Exception as error:  # a broken installation raises anything: the reader needs the true cause
    raise ImportError(
        f"WhatIf needs anywidget, and importing it failed ({type(error).__name__}: {error}): "
        "pip install --force-reinstall anywidget ipywidgets"
    ) from error

LOOPS = ("open", "closed")
_NUMBERS = ("request_rate", "think_ms", "max_wait_ms", "host_ms")
_COUNTS = ("clients", "max_batch_size", "workers")
_SETTINGS = ("loop", *_NUMBERS, *_COUNTS, "percentile", "limit_ms", "needed")
_MOST_CLIENTS = 100_000


class SettingError(traitlets.TraitError, ValueError):
    """A slider was to stand where it cannot; the message says where it can."""


class _Setting(traitlets.Any):
    allow_none = False  # or None would pass without asking the validators


class WhatIf(anywidget.AnyWidget):  # type: ignore[misc]
    """Slide load and batching policy of a server, and see throughput, p50 and p99 move.

    The server is simulated in the page, with the exact recursion of `tradeoff.simulate`; no kernel takes part while a
    slider moves, and none is needed in the page that `save` writes.

    Parameters
    ----------
    service
        What a batch costs, as `tradeoff.simulate` takes it: a Run of one workload with its samples, a fitted model, a
        mapping of batch size to times in ms, or a function.
    largest_batch_size
        Where the slider of the batch size ends; by default the largest size that was measured, and 32 for a function.
    most_workers
        Where the slider of the workers ends.
    formation, network_ms, pad_to, seed
        As `tradeoff.simulate` takes them; they do not slide.
    title
        A heading; by default the workload.
    **start
        Where to start: any attribute below that can be set, and what every widget takes, such as ``layout``.

    Attributes
    ----------
    loop
        ``"open"``: Poisson arrivals at `request_rate`. ``"closed"``: `clients` who ask again after `think_ms`.
    request_rate
        Requests a second.
    clients, think_ms
        How many there are, and how long each thinks.
    max_batch_size, max_wait_ms, workers
        The batching policy, as `tradeoff.simulate` takes it; the wait is finite here.
    host_ms
        Work of the host for each batch, which occupies the worker.
    percentile, limit_ms
        The latency limit: ``"p50"``, ``"p90"``, ``"p95"``, ``"p99"`` or ``"p999"``, and ms; None while none is
        declared.
    needed
        Requests a second that have to be served in all, from which the number of devices follows; None while not
        asked.
    objective
        The limit as an objective that `tradeoff.decide` takes; ``""`` while none is declared.
    reading
        What the page shows at rest; empty before there is a page, and written by the browser. A mapping with
        ``status``, ``throughput_rps``, ``latency_p50_ms``, ``latency_p99_ms``, ... with ``_lo`` and ``_hi`` for the
        ends of their bands (None where no end is known), ``utilisation``, ``batch_size_mean``, ``n``,
        ``replications``, ``capacity_rps``. ``looked_at``: the lowest and the highest load that was simulated, in
        requests a second, or in clients. ``turns_up_at``: the load with the most throughput per latency; None where it
        is the highest one. ``kept``: the intervals of load that keep the limit, each ``[from, to]``, both ends
        simulated; ``perhaps_kept``: the same with the loads that are too close to call; ``bears``: the highest load
        in ``kept``, or None. ``devices``: the fewest servers whose share of `needed` lies in ``kept``, or None;
        ``devices_perhaps``: a smaller number that is not ruled out, or None.

    Raises
    ------
    ValueError, TypeError
        When an argument or a start value cannot be used.
    ImportError
        When anywidget cannot be imported, with the cause.

    Examples
    --------
    >>> import tradeoff
    >>> tradeoff.WhatIf(lambda size: 4.0 + size, request_rate=300, limit_ms=40)  # doctest: +SKIP
    """

    _esm = whatif_widget_module()
    _css = stylesheet()

    payload = traitlets.Dict(read_only=True).tag(sync=True, to_json=lambda content, _widget: packed(content))
    loop = _Setting("open").tag(sync=True)
    request_rate = _Setting().tag(sync=True)
    clients = _Setting().tag(sync=True)
    think_ms = _Setting(0.0).tag(sync=True)
    max_batch_size = _Setting().tag(sync=True)
    max_wait_ms = _Setting(0.0).tag(sync=True)
    workers = _Setting(1).tag(sync=True)
    host_ms = _Setting(0.0).tag(sync=True)
    percentile = _Setting("p99").tag(sync=True)
    limit_ms = traitlets.Any(None, allow_none=True).tag(sync=True)
    needed = traitlets.Any(None, allow_none=True).tag(sync=True)
    objective = traitlets.Unicode(read_only=True).tag(sync=True)
    reading = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        service: Any,
        *,
        largest_batch_size: int | None = None,
        most_workers: int = 8,
        formation: str = "shared",
        network_ms: float = 0.0,
        pad_to: str | None = None,
        seed: int = 0,
        title: str | None = None,
        **start: Any,
    ) -> None:
        self.service = Service.of(
            service, largest_batch_size=largest_batch_size, most_workers=most_workers, formation=formation,
            network_ms=network_ms, pad_to=pad_to, seed_of_draws=seed,
        )  # fmt: skip
        content = self.service.payload(title)
        wished = {name: start.pop(name) for name in _SETTINGS if name in start}
        unknown = [name for name in start if name not in self.trait_names()]
        if unknown:
            raise ArgumentError(f"WhatIf takes no {unknown[0]!r}: it can start at {', '.join(_SETTINGS)}")
        # Everything stands before the comm opens: one message carries it, and it is not sent again.
        self.set_trait("payload", content)
        largest = self.service.largest_batch_size
        self.set_trait("max_batch_size", largest)
        self.set_trait("clients", 2 * largest)
        self.set_trait("request_rate", self._moderate(content, wished))
        for name, value in wished.items():
            setattr(self, name, value)
        self._state_objective()
        super().__init__(**start)
        self.observe(self._state_objective, ["limit_ms", "percentile"])

    def simulate(self, *, n_requests: int | None = None, replications: int = 5, seed: int | None = None) -> Run:
        """Simulate what the sliders say with `tradeoff.simulate`: the same system, as a Run.

        Parameters
        ----------
        n_requests, replications
            As `tradeoff.simulate` takes them.
        seed
            Of the draws; by default that of the widget.

        Returns
        -------
        Run
            One row of ``points``.
        """
        from tradeoff.serving.simulate import simulate

        service, closed = self.service, self.loop == "closed"
        load = (
            {"concurrency": self.clients, "think_ms": self.think_ms} if closed else {"request_rate": self.request_rate}
        )
        return simulate(
            service.given, max_batch_size=self.max_batch_size, max_wait_ms=self.max_wait_ms, workers=self.workers,
            host_ms=self.host_ms, network_ms=service.network_ms, formation=service.formation, pad_to=service.pad_to,
            n_requests=n_requests, replications=replications, seed=service.seed if seed is None else seed, **load,
        )  # fmt: skip

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the sliders as they stand to one HTML file that needs no kernel and no network.

        Parameters
        ----------
        path
            The file; its name ends in ``.html``.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        TypeError, ValueError
            When `path` is no path, or its name does not end in ``.html``.
        RunFolderError
            When it cannot be written; a page that was there stays.
        """
        target = page_path(path)
        state = {name: getattr(self, name) for name in (*_SETTINGS, "objective")} | {"reading": {}}
        title = self.payload["title"]
        text = document(
            title=f"{title}: what if", module=whatif_page_module(), payload=self.payload, state=state,
            fallback=self._in_words(),
        )  # fmt: skip
        return write_document(target, text)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sends; what cannot be leaves things as they are."""
        taken = {
            name: value for name, value in sync_data.items() if name not in _SETTINGS or self._is_fine(name, value)
        }
        super().set_state(taken)
        left = [name for name in sync_data if name not in taken]
        if left:
            self.send_state(left)

    def __repr__(self) -> str:
        load = f"{self.clients} clients" if self.loop == "closed" else f"request_rate={self.request_rate:.12g}"
        policy = f"max_batch_size={self.max_batch_size}, max_wait_ms={self.max_wait_ms:.12g}, workers={self.workers}"
        return f"WhatIf({self.payload['title'][:40]}: {load}, {policy})"

    def _moderate(self, content: Mapping[str, Any], wished: Mapping[str, Any]) -> float:
        """Choose a load that the server bears, from the steps of the slider."""
        size = wished.get("max_batch_size", self.service.largest_batch_size)
        size = size if self._is_fine("max_batch_size", size) else self.service.largest_batch_size
        workers = wished.get("workers", 1)
        workers = workers if self._is_fine("workers", workers) else 1
        host = wished.get("host_ms", 0.0)
        host = float(host) if self._is_fine("host_ms", host) else 0.0
        table = self.service.costs.table(size, workers)
        aim = 0.6 * 1e3 * workers * size / (table.mean_ms(size, workers) + host)
        return float(min(content["steps"]["request_rate"], key=lambda step: abs(math.log(step / aim))))

    def _in_words(self) -> Iterator[str]:
        yield f"<h1>{html.escape(self.payload['title'])}: what if</h1>"
        yield "<p>Sliders and plots need scripts; these are the settings.</p><table><tbody>"
        for name in _SETTINGS:
            value = getattr(self, name)
            told = "–" if value is None else three(value) if isinstance(value, float) else value
            yield table_row([name.replace("_", " "), told])
        yield "</tbody></table>"

    # --- what may be set -------------------------------------------------------------------------------------------

    @traitlets.validate(*_SETTINGS)
    def _possible(self, proposal: dict[str, Any]) -> Any:
        try:
            return self._checked(proposal["trait"].name, proposal["value"])
        except ArgumentError as error:
            raise SettingError(str(error)) from None

    def _is_fine(self, name: str, value: Any) -> bool:
        try:
            self._checked(name, value)
        except ArgumentError:
            return False
        return True

    def _checked(self, name: str, value: Any) -> Any:
        if name in _COUNTS:
            most = {
                "max_batch_size": self.service.largest_batch_size, "workers": self.service.most_workers,
                "clients": _MOST_CLIENTS,
            }[name]  # fmt: skip
            found = number(name, value, least=1.0)
            if found != int(found) or found > most:
                raise ArgumentError(f"{name} must be a whole number from 1 to {most}; got {shown(value)}")
            return int(found)
        if name in ("loop", "percentile"):
            value = percentile(value) if name == "percentile" else value
            allowed = LOOPS if name == "loop" else PERCENTILES
            if value not in allowed:
                raise ArgumentError(f"{name} must be one of {', '.join(allowed)}; got {shown(value)}")
            return value
        if value is None and name in ("limit_ms", "needed"):
            return None
        return number(name, value, above=name in ("request_rate", "limit_ms", "needed"))

    def _state_objective(self, _change: object = None) -> None:
        declared = self.limit_ms is not None
        text = f"maximize throughput subject to {self.percentile} <= {self.limit_ms:.12g} ms" if declared else ""
        self.set_trait("objective", text)
