"""A log line cannot hold personal data, whoever writes it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.entry.observability import FIELDS, AllowListFormatter, Observer

CANARY = "canary.person@example.com"


@pytest.fixture(autouse=True)
def own_service(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Powertools keeps a logger, and the stream it writes to, for each service: every test is one of its own."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


def record(text: str, field: str, value: str) -> logging.LogRecord:
    made = logging.LogRecord("somebody's", logging.INFO, __file__, 1, text, None, None)
    made.__dict__[field] = value
    return made


@pytest.mark.promise("no-visitor-recognition")
@given(st.text(), st.sampled_from([*FIELDS, "email", "sender", "message", "body"]), st.text())
def test_no_text_of_a_persons_gets_into_a_line(message: str, field: str, value: str) -> None:
    line = AllowListFormatter().format(record(f"{message} {CANARY}", field, f"{value} {CANARY}"))
    assert CANARY not in line
    assert json.loads(line)["event"] == "unlisted"


@pytest.mark.promise("no-visitor-recognition")
def test_an_exception_is_told_by_type_and_place_and_never_by_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observer = Observer()
    try:
        int(CANARY)
    except ValueError as error:
        observer.log("failed", error, route="POST /contacts")
    line = json.loads(capsys.readouterr().out)
    assert CANARY not in json.dumps(line)
    assert (line["error"], line["event"], line["route"]) == ("ValueError", "failed", "POST /contacts")
    assert line["place"].startswith("test_observability.py:")


@pytest.mark.promise("no-visitor-recognition")
def test_a_librarys_own_line_goes_through_the_same_formatter(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.StreamHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    try:
        Observer()
        logging.getLogger("botocore").warning("retrying for %s", CANARY)
        assert CANARY not in capsys.readouterr().err
        assert isinstance(handler.formatter, AllowListFormatter)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def test_a_count_is_one_line_of_embedded_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    observer = Observer()
    observer.count("RecordsReceived", channel="form")
    observer.count("RawMailDiscarded")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["RecordsReceived"] == [1.0]
    assert first["channel"] == "form"
    assert "channel" not in second, "a dimension must not stay for the next count"
