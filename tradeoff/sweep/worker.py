"""The process in which isolated points are measured: ``python -m tradeoff.sweep.worker FD PARENT``.

It is started with its thread settings in the environment, so that they hold before numpy or torch is imported.
A workload that crashes takes this process down, and its point with it, but not the sweep.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from multiprocessing.connection import Connection


def main(file_descriptor: int, parent: int) -> None:
    """Measure what is asked for until nobody asks any more."""
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    connection = Connection(file_descriptor)
    from tradeoff.timing import ConditionsError
    from tradeoff.timing.measure import Visits
    from tradeoff.timing.measurement import could_not
    from tradeoff.workloads import Workload, WorkloadError
    from tradeoff.workloads.trial import refusal_of

    workloads: dict[object, Workload] = {}
    visits = Visits(pinned=True)
    while True:
        try:
            source, which, arguments = connection.recv()
        except EOFError:
            return
        try:
            if source not in workloads:
                workloads[source] = source.load()
            if which is None:
                answer: object = refusal_of(workloads[source], **arguments)
            else:
                answer = visits.visit(which, workloads[source], **arguments)
        except (WorkloadError, ConditionsError) as error:  # the arguments are to blame
            answer = str(error)
        except Exception as error:
            answer = could_not(error)
        connection.send(answer)


def _die_with(parent: int) -> None:
    """Ask Linux to end this process with its parent, even in the middle of a measurement."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it was gone before we asked
        sys.exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
