"""On the deployed template: each fate of a record is told apart, days are sealed, and what is sealed can be checked."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import replay_ledger
from infra.export_seals import export
from infra.local.audit import audit
from infra.verify import main as verify
from kept.adapters import aws, seals
from kept.adapters.dynamo import client as adapter
from kept.adapters.dynamo.ledger import BEGINNING, DynamoLedger
from kept.adapters.seals import S3Seals
from kept.domain.commitment import TableKey
from kept.domain.identity import SubjectId
from kept.domain.ledger import Entry, LedgerKeys
from kept.domain.policy import load_policy
from kept.domain.seal import proves, seal_name
from tests.e2e.conftest import Site, eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def ledger(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoLedger]:
    """The deployed ledger, as who holds its key reads it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", site.stack.endpoint)
    caches = (aws.session, adapter.dynamodb, seals._client)
    for cache in caches:
        cache.cache_clear()
    secret = site.stack.client("secretsmanager").get_secret_value(SecretId=site.stack.outputs["LedgerKeySecret"])
    yield DynamoLedger(site.ledger, LedgerKeys(secret["SecretString"]), load_policy().ledger.kept_for)
    for cache in caches:
        cache.cache_clear()


def post(site: Site, name: str) -> dict[str, Any]:
    """Send a message; the key of its record."""
    address = f"{name}@example.com"
    assert site.request("POST", "/contacts", {"email": address, "message": "Hello"}).status == 201
    (record,) = site.records_of(address)
    return {"pk": record["pk"], "sk": record["sk"]}


def story(ledger: DynamoLedger, site: Site, name: str) -> list[tuple[str, str | None]]:
    return [(entry.what, entry.reason) for entry in ledger.of_subject(site.keys.subject_id(f"{name}@example.com"))]


def set_fields(site: Site, key: dict[str, Any], **fields: str | int) -> None:
    """Change a record by hand."""
    site.dynamodb.update_item(
        TableName=site.subjects,
        Key=key,
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in fields),
        ExpressionAttributeValues={
            f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in fields.items()
        },
    )


@pytest.mark.promise("review-then-discard")
@pytest.mark.promise("security-measures")
def test_each_fate_of_a_record_is_told_apart(site: Site, ledger: DynamoLedger) -> None:
    now = int(time.time())
    keys = {name: post(site, f"fate-{name}") for name in ("reviewed", "erased", "by-hand", "nearer", "lengthened")}
    site.send(b"From: fate-mail@example.com\r\nSubject: Hello\r\n\r\nHello\r\n", "fate-mail@example.com")
    (mail,) = eventually(lambda: site.records_of("fate-mail@example.com"), "the mail became no record")

    reference = next(item["reference"] for item in site.to_review() if item.get("from") == "fate-reviewed@example.com")
    site.request("PUT", f"/reviews/{reference}", {"status": "reviewed", "outcome": "Done"}, staff=True)
    set_fields(site, keys["erased"], discard_reason="erasure")
    site.dynamodb.delete_item(TableName=site.subjects, Key=keys["erased"])
    site.dynamodb.delete_item(TableName=site.subjects, Key=keys["by-hand"])
    set_fields(site, keys["nearer"], discard_at=now)
    set_fields(site, keys["lengthened"], discard_at=now + 500 * 86400)
    set_fields(site, {"pk": mail["pk"], "sk": mail["sk"]}, discard_at=now)

    expected = {
        "reviewed": [("written", None), ("moved", "review"), ("discarded", "review")],
        "erased": [("written", None), ("changed", "erasure"), ("discarded", "erasure")],
        "by-hand": [("written", None), ("discarded", "unknown")],
        "nearer": [("written", None), ("moved", None), ("discarded", "expired")],
        "lengthened": [("written", None), ("moved", None)],
        "mail": [("written", None), ("moved", None), ("discarded", "expired")],
    }
    for name, told in expected.items():
        eventually(lambda n=name, t=told: story(ledger, site, f"fate-{n}") == t, f"{name}: not {told}", 40)  # type: ignore[misc]
    assert mail["mail"]["M"]["raw_key"]["S"] not in site.raw_mails()

    born = {c.key.subject_id: c for c in ledger.due(now + 60 * 86400)}
    assert site.keys.subject_id("fate-lengthened@example.com") in born, "a lengthened date moved the commitment"
    for name in ("reviewed", "erased", "by-hand", "nearer", "mail"):
        assert site.keys.subject_id(f"fate-{name}@example.com") not in born, f"{name} is gone and still due"


@pytest.mark.promise("email-opt-out")
def test_an_opt_out_is_entered_with_its_person(site: Site, ledger: DynamoLedger) -> None:
    subject = site.keys.subject_id("ledgered-opt-out@example.com")
    assert list(ledger.of_subject(subject)) == []
    assert site.request("POST", "/opt-outs", {"email": "ledgered-opt-out@example.com"}).status == 202
    (entry,) = eventually(lambda: list(ledger.of_subject(subject)), "the opt-out is not entered")
    assert (entry.store, entry.kind, entry.what, entry.reason) == ("suppressions", "suppression", "written", None)
    assert b"example.com" not in entry.line()
    assert subject.hex().encode() not in entry.line(), "who has only the hash key could tell whose it is"


@pytest.mark.promise("security-measures")
def test_a_day_is_sealed_told_of_locked_and_can_be_verified_by_anyone(
    site: Site, ledger: DynamoLedger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(midnight - timedelta(days=back)).date().isoformat() for back in (2, 1)]
    written = enter(ledger, int(midnight.timestamp()) - 2 * 86400)
    site.dynamodb.update_item(
        TableName=site.ledger,
        Key=BEGINNING,
        UpdateExpression="SET #day = :day",
        ExpressionAttributeNames={"#day": "day"},
        ExpressionAttributeValues={":day": {"S": days[0]}},
    )
    queue = listen(site)
    for _ in range(2):  # done again, it changes nothing
        answer = site.stack.client("lambda").invoke(FunctionName="kept-seal", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
    told = eventually(lambda: [body["detail"] for body in receive(site, queue) if body["detail"]["day"] == days[1]],
                      "nobody was told of the seal")  # fmt: skip

    store = S3Seals(site.seals)
    assert export(store, tmp_path) == 2
    assert verify([str(tmp_path), "--from", days[0], "--to", days[1], "--hash", told[0]["hash"]]) == 0
    assert f"2 days from {days[0]}" in capsys.readouterr().out
    assert verify([str(tmp_path), "--entry", written.id]) == 0
    assert proves(json.loads(capsys.readouterr().out))

    name = seal_name(days[1])
    (version,) = site.s3.list_object_versions(Bucket=site.seals, Prefix=name)["Versions"]
    with pytest.raises(ClientError) as refused:
        site.s3.delete_object(Bucket=site.seals, Key=name, VersionId=version["VersionId"])
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    site.s3.put_object(Bucket=site.seals, Key=name, Body=b"forged")
    site.s3.delete_object(Bucket=site.seals, Key=seal_name(days[0]))
    assert export(store, tmp_path) == 2
    assert verify([str(tmp_path)]) == 0


def enter(ledger: DynamoLedger, at: int) -> Entry:
    """Entries as of an earlier day, which only who holds the key can write; the last of them."""
    for number in range(5):
        name = f"sealed-{number}".encode()
        entry = Entry(
            what="written",
            kind="message",
            store="subjects",
            subject=ledger.keys.subject(name),
            record=ledger.keys.record("subjects", name, "message#1"),
            sequence=f"{number + 1:040d}",
            content="c" * 32,
            at=at + number,
            written_at=at + number,
        )
        assert ledger.add(entry, None, TableKey(SubjectId(name), "message#1"))
    return entry


def listen(site: Site) -> str:
    """A queue that gets Kept's events."""
    sqs, events = site.stack.client("sqs"), site.stack.client("events")
    queue: str = sqs.create_queue(QueueName="listens-to-kept")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="listens-to-kept", EventPattern=json.dumps({"source": ["kept"]}))
    events.put_targets(Rule="listens-to-kept", Targets=[{"Id": "queue", "Arn": arn}])
    return queue


def receive(site: Site, queue: str) -> list[dict[str, Any]]:
    answer = site.stack.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(message["Body"]) for message in answer.get("Messages", ())]


@pytest.mark.promise("security-measures")
def test_what_the_ledger_gave_up_is_taken_again_and_only_once(
    site: Site, ledger: DynamoLedger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The emulator puts nothing into this bucket: the object is in the shape that AWS documents (see replay_ledger)."""
    bucket, subject = site.stack.outputs["LedgerFailures"], site.keys.subject_id("given-up@example.com")
    keys = {"pk": {"B": base64.b64encode(subject).decode()}, "sk": {"S": "message#0"}}
    image = keys | {"kind": {"S": "message"}, "received_at": {"N": "1800000000"}, "discard_at": {"N": "1800000001"}}
    stream = site.dynamodb.describe_table(TableName=site.subjects)["Table"]["LatestStreamArn"]
    change: dict[str, Any] = {
        "eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "eventSourceARN": stream,
        "dynamodb": {
            "Keys": keys, "NewImage": image, "SequenceNumber": "7" * 21,
            "ApproximateCreationDateTime": 1_800_000_000, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }  # fmt: skip
    told = {**change["dynamodb"], "OldImage": image | {"discard_reason": {"S": "erasure"}}, "SequenceNumber": "8" * 21}
    told.pop("NewImage")
    gone = {**change, "eventName": "REMOVE", "dynamodb": told}
    failure = {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 100},
        "version": "1.0",
        "DDBStreamBatchInfo": {"shardId": "shardId-0", "batchSize": 2, "streamArn": stream},
        "payload": json.dumps({"Records": [change, gone]}),
    }
    monkeypatch.setattr(replay_ledger, "use", lambda _: site.stack.outputs)
    for variable, value in (
        ("ENDPOINT_URL", site.stack.endpoint),
        ("ACCESS_KEY_ID", "test"),
        ("SECRET_ACCESS_KEY", "test"),
    ):
        monkeypatch.setenv(f"AWS_{variable}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for _ in range(2):
        name = "aws/lambda/mapping/shardId-0/2026-11-28T10.00.00-0"
        site.s3.put_object(Bucket=bucket, Key=name, Body=json.dumps(failure).encode())
        waiting = {check["what"]: check["found"] for check in audit(site.stack)["health"] if bucket in check["of"]}
        assert waiting == {"objects": "1"}, "the audit does not name what lies there"
        assert replay_ledger.main("kept") == 0
        assert "taken 2 changes" in capsys.readouterr().out
        assert "Contents" not in site.s3.list_objects_v2(Bucket=bucket)
        assert story(ledger, site, "given-up") == [("written", None), ("discarded", "erasure")]


@pytest.mark.promise("security-measures")
def test_it_is_sealed_by_the_clock_at_two_in_the_morning(site: Site) -> None:
    schedule = site.stack.client("scheduler").get_schedule(Name="kept-seal")
    assert schedule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["Target"]["Arn"].endswith(":function:kept-seal")
    assert schedule["State"] == "ENABLED"


@pytest.mark.promise("security-measures")
def test_both_streams_give_up_to_a_private_bucket_after_a_while(site: Site) -> None:
    mappings = site.stack.client("lambda").list_event_source_mappings(FunctionName="kept-ledger")
    assert len(mappings["EventSourceMappings"]) == 2
    for mapping in mappings["EventSourceMappings"]:
        failures = mapping["DestinationConfig"]["OnFailure"]["Destination"]
        assert failures == f"arn:aws:s3:::{site.stack.outputs['LedgerFailures']}"
    rules = site.s3.get_bucket_lifecycle_configuration(Bucket=site.stack.outputs["LedgerFailures"])["Rules"]
    assert {"Days": 7} in [rule.get("Expiration") for rule in rules]
