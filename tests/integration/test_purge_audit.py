"""The audit as it is deployed, on tables, bucket and queues in moto: its report, its page, its counts and its event."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from infra.build.intent import intent, read_template
from infra.build.openapi import collect, document
from kept.adapters.clock import now
from kept.domain.commitment import TableKey
from kept.domain.identity import SubjectId
from kept.domain.ledger import Change, sequence_of
from kept.entry import wiring
from kept.entry.language import language
from tests.fakes import MemoryEvents
from tests.integration.conftest import Stack, client, counts, ledger_hears
from tests.template import create_table
from tests.unit.build.test_intent import ENVIRONMENT

pytestmark = pytest.mark.promise("review-then-discard")

HOUR, DAY = 3600, 86400


@pytest.fixture(autouse=True)
def _audited(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the audit's function is told, but for the API's limits: moto has no API without more packages."""
    assert stack
    file = tmp_path / "intent.json"
    wanted = intent(read_template())
    for each in wanted.values():
        each["settings"] = [setting for setting in each["settings"] if setting["kind"] != "api"]
    file.write_text(json.dumps(wanted))
    monkeypatch.setattr("kept.entry.intent.BUILT", file)
    monkeypatch.setattr(wiring, "SETTLE_SECONDS", 0)
    settings = ENVIRONMENT | {
        "STAGE": "local",
        "SEALS_BUCKET": "seals",
        "SCAN_UNITS_PER_SECOND": "1000",
        "MAIL_IN_TRANSIT_SECONDS": "0",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    from kept.adapters import deployed

    deployed._client.cache_clear()


def audit(stack: Stack, **event: Any) -> dict[str, Any]:
    answer = stack.function("purge_audit").handler(event, stack.context)
    return dict(json.loads(json.dumps(answer)))


def write(
    stack: Stack, number: int, *, due: int, received: int | None = None, kind: str = "message", extended: int = 0
) -> TableKey:
    """A record of mail that came an hour before it was due or when said; the ledger hears of it."""
    key = TableKey(SubjectId(number.to_bytes(16)), f"message#{number:032x}")
    came = received or due - HOUR
    stack.s3.put_object(Bucket="mail", Key=f"raw/{number}", Body=b"x")
    fields = {
        "kind": kind,
        "received_at": came,
        "discard_at": due,
        "reference": str(number),
        "mail": {"raw_key": f"raw/{number}"},
        "text": "a secret of ann@example.com",
    }
    item: dict[str, Any] = {
        "pk": {"B": key.subject_id},
        "sk": {"S": key.sort_key},
        "kind": {"S": kind},
        "received_at": {"N": str(came)},
        "discard_at": {"N": str(due)},
        "reference": {"S": str(number)},
        "mail": {"M": {"raw_key": {"S": f"raw/{number}"}}},
        "text": {"S": "a secret of ann@example.com"},
        "answer_by": {"N": str(came + wiring.policy().deadlines.access + extended)},
        "queue": {"S": f"new#{number % 8}"},
        "queue_order": {"S": f"{2 if kind == 'request' else 5}#{came:010d}#{number:032x}"},
    }
    stack.dynamodb.put_item(TableName="subjects", Item=item)
    change = Change("subjects", sequence_of(str(number + 1)), came, key.subject_id, key.sort_key, None, fields)
    ledger_hears(change, now())
    return key


def mails(stack: Stack) -> set[str]:
    return {item["Key"] for item in stack.s3.list_objects_v2(Bucket="mail").get("Contents", [])}


def test_what_is_overdue_goes_and_what_is_not_stays(stack: Stack) -> None:
    write(stack, 1, due=now() - 5 * HOUR)
    write(stack, 2, due=now() + DAY)
    stripped = write(stack, 3, due=now() - HOUR)
    stack.dynamodb.update_item(
        TableName="subjects",
        Key={"pk": {"B": stripped.subject_id}, "sk": {"S": stripped.sort_key}},
        UpdateExpression="REMOVE discard_at",
    )
    lengthened = write(stack, 4, due=now() - HOUR)
    stack.dynamodb.update_item(
        TableName="subjects",
        Key={"pk": {"B": lengthened.subject_id}, "sk": {"S": lengthened.sort_key}},
        UpdateExpression="SET discard_at = :far",
        ExpressionAttributeValues={":far": {"N": "9999999999.5"}},
    )
    report = audit(stack)
    assert [record["sk"]["S"][-1] for record in stack.records()] == ["2"]
    assert mails(stack) == {"raw/2"}
    found = {each["cause"]: each["outcome"] for each in report["overdue"]["stragglers"]}
    assert found == dict.fromkeys(("not-yet-deleted", "date-taken-away"), "discarded")
    assert report["overdue"]["discarded"] == 3
    assert report["overdue"]["cost"]["read_units"] > 0
    assert report["orphans"]["scan"]["cost"]["read_units"] > 0


@pytest.mark.promise("no-visitor-recognition")
def test_the_report_its_page_and_the_log_say_nothing_of_anybody(stack: Stack, printed: Callable[[], str]) -> None:
    key = write(stack, 7, due=now() - 5 * HOUR)
    report = audit(stack)
    day = report["day"]
    files = [
        stack.s3.get_object(Bucket="reports", Key=name)["Body"].read().decode()
        for name in (f"{day}/report.json", f"{day}/report.en.html", f"{day}/report.ar.html", "index.json")
    ]
    for text in (*files, printed()):
        assert "example.com" not in text
        assert key.subject_id.hex() not in text
        assert key.sort_key.partition("#")[2] not in text
        assert "raw/7" not in text
    assert json.loads(files[0]) == report


def test_the_report_is_what_the_published_schema_says(stack: Stack) -> None:
    write(stack, 1, due=now() - 5 * HOUR)
    published = document(collect())
    schema = published["paths"]["/audits/latest"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": published["components"]}
    report = audit(stack)
    jsonschema.validate(report, whole)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**report, "verdict": "perhaps"}, whole)


def test_the_page_works_by_itself(stack: Stack) -> None:
    day = audit(stack)["day"]
    page = stack.s3.get_object(Bucket="reports", Key=f"{day}/report.en.html")["Body"].read().decode()
    assert "<style>" in page
    assert "<link" not in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert f"Purge audit of {language('en').day(dt.date.fromisoformat(day))}" in page


def test_the_counts_and_the_event_say_what_was_found(
    stack: Stack, printed: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = MemoryEvents()
    monkeypatch.setattr(wiring, "events", lambda: events)
    write(stack, 1, due=now() - 50 * HOUR)
    report = audit(stack)
    text = printed()
    assert counts(text, "Overdue") == {(): 1}
    assert counts(text, "OldestOverdueHours") == {(): 50}
    assert counts(text, "Orphans") == {(): 0}
    drift = sum(check["outcome"] == "breach" for check in report["drift"])
    assert counts(text, "Drift") == {(): drift}
    assert counts(text, "Breaches") == {(): len(report["breaches"])}
    ((what, summary),) = events.told
    assert what == "PurgeAuditCompleted"
    assert (summary["day"], summary["overdue"], summary["discarded"]) == (report["day"], 1, 1)


def test_who_waits_too_long_for_an_answer_is_counted(stack: Stack) -> None:
    policy = wiring.policy()
    write(stack, 1, kind="request", received=now() - policy.deadlines.access - 3 * HOUR, due=now() + DAY)
    write(stack, 2, kind="request", received=now() - DAY, due=now() + DAY)
    late = now() - policy.deadlines.access - 9 * HOUR
    write(stack, 3, kind="request", received=late, due=now() + DAY, extended=30 * DAY)
    deadlines = audit(stack)["deadlines"]
    assert deadlines == {"requests": 1, "complaints": 0, "oldest_hours": 3}


def test_auditing_the_day_again_reports_the_same_and_tells_nobody_anew(stack: Stack) -> None:
    write(stack, 2, due=now() + DAY)
    first = audit(stack)
    assert audit(stack) == first
    index = json.loads(stack.s3.get_object(Bucket="reports", Key="index.json")["Body"].read())
    assert [each["day"] for each in index] == [first["day"]]


@pytest.mark.parametrize("scheduled", ["2020-01-01T03:00:00Z", "2999-01-01T03:00:00Z"])
def test_a_day_long_past_or_to_come_is_refused(stack: Stack, scheduled: str) -> None:
    with pytest.raises(Exception, match="Only today"):
        audit(stack, scheduled=scheduled)


def test_the_page_speaks_the_languages_of_the_policy(stack: Stack, staff: dict[str, Any]) -> None:
    day = audit(stack)["day"]
    for code, direction, words in (("en", "ltr", "What the ledger counts"), ("ar", "rtl", "ما يعدّه السجل")):
        page = stack.s3.get_object(Bucket="reports", Key=f"{day}/report.{code}.html")["Body"].read().decode()
        headers = {"accept": "text/html", "accept-language": code}
        shown = stack.request("audits", "GET", "/audits/latest", claims=staff, headers=headers).text
        for each in (page, shown):
            assert f'<html lang="{code}" dir="{direction}">' in each
            assert words in each


def test_staff_read_the_reports_and_nobody_else(stack: Stack, staff: dict[str, Any]) -> None:
    assert stack.request("audits", "GET", "/audits/latest", claims=staff).status == 404
    report = audit(stack)
    answer = stack.request("audits", "GET", "/audits/latest", claims=staff)
    assert answer.json == report
    assert stack.request("audits", "GET", f"/audits/{report['day']}", claims=staff).json == report
    (line,) = stack.request("audits", "GET", "/audits", claims=staff).json["items"]
    assert (line["day"], line["verdict"]) == (report["day"], report["verdict"])
    page = stack.request("audits", "GET", "/audits/latest", claims=staff, headers={"accept": "text/html"})
    assert 'href="/style.css?v=' in page.text
    for path in ("/audits", "/audits/latest", f"/audits/{report['day']}"):
        assert stack.request("audits", "GET", path, claims={"token_use": "access"}).status == 403
    for nonsense in ("2026-1-1", "index.json", "progress"):
        assert stack.request("audits", "GET", f"/audits/{nonsense}", claims=staff).status == 404


@pytest.mark.promise("security-measures")
def test_settings_that_somebody_changed_are_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_NAME", "x")
    monkeypatch.setenv("STAGE", "production")
    s3, logs, dynamodb = stack.s3, client("logs"), stack.dynamodb
    bucket = "x-mail-000000000000-eu-west-1"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [{"ID": "backstop", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 999}}]
        },
    )
    logs.create_log_group(logGroupName="/aws/lambda/x-review")
    dynamodb.update_time_to_live(
        TableName="subjects", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    copied = "subjects-restored-20261128T030000Z"
    create_table(dynamodb, "SubjectsTable", copied)
    report = audit(stack)
    copies = {each["of"]: each["found"] for each in report["health"] if each["what"].startswith("restored copies")}
    assert (copies["table subjects"], copies["table suppressions"]) == ("1", "0")
    checks = {(each["of"], each["what"]): (each["found"], each["outcome"]) for each in report["drift"]}
    assert checks[f"bucket {bucket}", "lifecycle rule backstop"] == ("enabled, expires after 999 days", "breach")
    assert checks[f"bucket {bucket}", "lifecycle rule unfinished"] == ("none", "breach")
    assert checks[f"bucket {bucket}", "public access"] == ("not blocked", "breach")
    assert checks["log /aws/lambda/x-review", "kept for"] == ("ever", "breach")
    assert checks["table subjects", "time to live by"] == ("expires", "breach")
    assert checks["table subjects", "time to live is on"] == ("yes", "fine")
    assert checks["table subjects", "stream"] == ("off", "breach")
    assert checks["table subjects", "deletion protection"] == ("off", "breach")
    assert checks["table x-ledger", "recovery"] == ("", "unknown"), "a table that is not there cannot be described"
