"""What runs by the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kept.domain.errors import UnavailableError
from kept.entry.observability import Observer


def handle_schedule(context: Any, work: Callable[[], None], *, observer: Observer) -> None:
    """Do the work and write a line about it. A failure is raised again without its message, which Lambda would print.

    Lambda then tries again, and in the end puts the event into the function's failure destination.
    """
    failed = True
    try:
        work()
        failed = False
    except Exception as error:  # noqa: BLE001  # the last place: what passes it, Lambda prints
        observer.log("failed", error)
    observer.log("scheduled", request=context.aws_request_id, outcome="failed" if failed else "done")
    if failed:
        raise UnavailableError("The work of this schedule failed; the line before this one says where.")
