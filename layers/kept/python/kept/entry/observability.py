"""Log lines and metrics that cannot hold personal data, whoever writes them.

A line consists of allow-listed fields only, and no text in it may hold an `@` or a line of prose; exceptions are
told by type and place, because messages quote data. Libraries' own lines go through the same formatter.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

import msgspec
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import BasePowertoolsFormatter
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

FIELDS = (
    "request",
    "route",
    "status",
    "milliseconds",
    "channel",
    "kind",
    "outcome",
    "count",
    "error",
    "place",
    "pointer",
)
"""The only fields that a log line may have beside level, function and event."""

_SAFE = re.compile(r"[A-Za-z0-9_./{}<>:$# -]{0,120}")
_EVENT = re.compile(r"[a-z][a-z-]{0,40}")


class AllowListFormatter(BasePowertoolsFormatter):
    """Writes a record as JSON with the allow-listed fields and nothing else; CloudWatch itself keeps the time."""

    def append_keys(self, **additional_keys: Any) -> None:
        """Ignored: a key appended here would be on every later line, whosever it is."""

    def clear_state(self) -> None:
        """There is no state."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        event = record.msg if isinstance(record.msg, str) and _EVENT.fullmatch(record.msg) else "unlisted"
        line: dict[str, Any] = {"level": record.levelname, "logger": record.name, "event": event}
        for name in FIELDS:
            value = record.__dict__.get(name)
            if isinstance(value, int | float) or (isinstance(value, str) and _SAFE.fullmatch(value)):
                line[name] = value
        if record.exc_info and record.exc_info[1]:
            line.update(describe(record.exc_info[1]))
        return msgspec.json.encode(line).decode()


def describe(error: BaseException) -> dict[str, str]:
    """An exception's type and the place it came from: `{"error": "KeyError", "place": "review.py:31 add_note"}`."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno} {frames[-1].name}" if frames else ""
    return {"error": type(error).__qualname__, "place": place}


class Observer:
    """What a function tells of itself: one log line an invocation, and counts."""

    def __init__(self) -> None:
        """Named by POWERTOOLS_SERVICE_NAME, which the template sets for each function."""
        self._logger = Logger(logger_formatter=AllowListFormatter())
        self._metrics = EphemeralMetrics()
        root = logging.getLogger()
        for handler in root.handlers:  # Lambda's own handler writes the libraries' lines, message and all
            handler.setFormatter(AllowListFormatter())
        root.setLevel(logging.WARNING)

    def log(self, event: str, error: BaseException | None = None, **fields: str | float | None) -> None:
        """Write a line: at level ERROR with an error's type and place, else at INFO."""
        if error is None:
            self._logger.info(event, extra=fields)
        else:
            self._logger.error(event, extra={**fields, **describe(error)})

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Count something in CloudWatch (embedded metric format). A dimension's value is never personal data."""
        for dimension in dimensions.items():
            self._metrics.add_dimension(*dimension)
        self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
        self._metrics.flush_metrics()
