"""The evidence beside each promise: what the audit wrote for everybody, as people and as programs read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import msgspec
import pytest

from infra.build.openapi import collect, document
from kept.adapters import evidence as adapter
from kept.adapters.clock import now
from kept.adapters.evidence import KEY, CloudWatchCounts
from kept.domain.audit import moment
from kept.domain.evidence import Evidence, blurred, blurred_failures, exact
from kept.entry import wiring
from kept.entry.language import LANGUAGES, language
from tests.integration.conftest import Stack, client
from tests.integration.test_purge_audit import DAY, HOUR, _audited, audit, write  # noqa: F401  # its fixtures, which pytest finds by name

BROWSER = {"accept": "text/html", "accept-language": "en"}
pytestmark = pytest.mark.promise("review-then-discard")


@pytest.fixture(autouse=True)
def _no_clients() -> None:
    adapter._client.cache_clear()


def put(**change: Any) -> None:
    told = Evidence(
        day="2026-11-28",
        written_at=moment(now() - HOUR),
        kept=True,
        oldest_overdue_hours=7,
        sealed="2026-11-27",
        seal_verifies=True,
        counts={
            "discarded": blurred(1234), "discarded_late": blurred_failures(0), "held": blurred(3),
            "nights_kept": exact(30), "complaints_overdue": blurred_failures(1),
        },
    )  # fmt: skip
    wiring.evidence().put(msgspec.structs.replace(told, **change))


def page(stack: Stack, code: str = "en") -> str:
    answer = stack.request("pages", "GET", f"/{code}/promises", headers=BROWSER)
    assert answer.status == 200, answer.text
    return answer.text


def test_the_audit_writes_it_every_night_and_the_page_shows_it(stack: Stack) -> None:
    for number in range(1, 13):
        write(stack, number, due=now() - 5 * HOUR)
    write(stack, 99, due=now() + DAY)
    assert "There is no evidence to show yet" in page(stack)
    assert stack.request("pages", "GET", "/promises").json["state"] == "none"
    report = audit(stack)
    told = stack.request("pages", "GET", "/promises").json
    assert (told["state"], told["days"]) == ("current", 30)
    facts = {fact["what"]: fact for promise in told["promises"] for fact in promise["evidence"]}
    assert facts["held"] == {"what": "held", "least": 10, "most": 19}, "the ledger has not heard yet that twelve went"
    assert facts["oldest_overdue"] == {"what": "oldest_overdue", "hours": 5}
    assert facts["audit"] == {"what": "audit", "day": report["day"], "kept": report["verdict"] == "kept"}
    assert facts["phone_refused"] == {"what": "phone_refused"}, "nobody counted, so nothing is known"
    assert "The oldest record that was still there past its day was 5 hours late." in page(stack)
    assert "Calls that our systems asked for in the last 30 days: not known today" in page(stack)


def test_what_lies_there_for_everybody_is_blurred_already_and_names_nobody(stack: Stack) -> None:
    for number in range(1, 13):
        write(stack, number, due=now() - 5 * HOUR)
    audit(stack)
    raw = stack.s3.get_object(Bucket="reports", Key=KEY)["Body"].read().decode()
    assert "example.com" not in raw
    of_people = {
        name: count for name, count in json.loads(raw)["counts"].items()
        if not name.endswith(("_checked", "_wrong")) and not name.startswith("nights_")
    }  # fmt: skip
    assert {count["most"] - count["least"] for count in of_people.values()} <= {0, 9}
    assert all(count["most"] == 0 for count in of_people.values() if count["most"] == count["least"])


@pytest.mark.parametrize("code", LANGUAGES)
def test_counts_are_told_in_words_and_small_ones_only_as_small(stack: Stack, code: str) -> None:
    put()
    text, spoken = page(stack, code), language(code)
    some = spoken.translate("{least} to {most}", {"least": 1230, "most": 1239})
    discarded = "Records discarded during the last {days} days: {count}"
    assert spoken.translate(discarded, {"days": 30, "count": some}) in text
    few = spoken.translate("fewer than {over}", {"over": 10})
    for sentence in ("Records that are held now: {count}", "Complaints that wait longer than we promised: {count}"):
        assert spoken.translate(sentence, {"count": few}) in text
    none = spoken.translate("none")
    assert spoken.translate("Of these, more than two days late: {count}", {"count": none}) in text
    day = spoken.day(1795737600)
    assert spoken.translate("The ledger of {day} is sealed, and the seal verifies.", {"day": day}) in text


def test_old_evidence_is_called_old(stack: Stack) -> None:
    put(written_at=moment(now() - 40 * HOUR))
    assert "an audit is missing" in page(stack)
    assert stack.request("pages", "GET", "/promises").json["state"] == "stale"
    put()
    assert "an audit is missing" not in page(stack)


def test_a_broken_promise_is_not_hidden(stack: Stack) -> None:
    put(kept=False, seal_verifies=False, counts={"discarded_late": blurred_failures(2)})
    text = page(stack)
    for sentence in (
        "found something that somebody must look at",
        "does not verify",
        "Of these, more than two days late: fewer than 10",
    ):
        assert sentence in text


def test_it_is_read_once_in_five_minutes_and_shown_on_where_it_cannot_be_read(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    app = stack.function("pages")
    clock = now()
    monkeypatch.setattr(app, "now", lambda: clock)
    seen = app.evidences.see(clock, lambda *_: None)
    put(day="2027-01-01")
    assert app.evidences.see(clock + 299, lambda *_: None) is seen
    assert app.evidences.see(clock + 300, lambda *_: None).evidence.day == "2027-01-01"
    stack.s3.put_object(Bucket="reports", Key=KEY, Body=b"nonsense")
    told: list[str] = []
    broken = app.evidences.see(clock + 600, lambda event, _: told.append(event))
    assert (broken.evidence.day, broken.could_be_read, told) == ("2027-01-01", False, ["failed"])


def test_where_it_cannot_be_read_the_promises_are_shown_all_the_same(stack: Stack, printed: Callable[[], str]) -> None:
    stack.s3.put_object(Bucket="reports", Key=KEY, Body=b"nonsense")
    text = page(stack)
    assert "cannot be read at this moment" in text
    assert 'id="review-then-discard"' in text
    assert "UnavailableError" in printed()


def test_it_is_what_the_published_schema_says(stack: Stack) -> None:
    put()
    published = document(collect())
    answer = published["paths"]["/promises"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema = {**answer, "components": published["components"]}
    told = stack.request("pages", "GET", "/promises").json
    jsonschema.validate(told, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told | {"promises": [{"id": 1}]}, schema)


@pytest.mark.promise("phone-for-orders")
def test_the_gates_counts_are_read_from_where_they_are_counted(stack: Stack) -> None:
    assert stack
    counted = CloudWatchCounts()
    assert counted.permissions("phone", "refused", 30, now()) is None
    for channel, number in (("phone", 3), ("phone", 4), ("post", 50)):
        named = {"service": "permissions", "channel": channel, "decision": "refused"}
        client("cloudwatch").put_metric_data(
            Namespace="Kept",
            MetricData=[
                {
                    "MetricName": "Permissions",
                    "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
                    "Value": number,
                    "Timestamp": moment(now() - DAY),
                }
            ],
        )
    assert counted.permissions("phone", "refused", 30, now()) == 7
    assert counted.permissions("phone", "allowed", 30, now()) is None


@pytest.mark.promise("complaints-heard")
def test_an_answer_is_found_with_its_deadline_once_it_is_reviewed(stack: Stack, staff: dict[str, Any]) -> None:
    from kept.adapters.dynamo.deadlines import DynamoDeadlines

    answers = DynamoDeadlines("subjects")
    body = {"email": "ann@example.com", "message": "You wrote to me again."}
    reference = stack.request("contact_intake", "POST", "/complaints", json_body=body).json["reference"]
    assert answers.answered("complaint", now()) == []
    done = {"status": "reviewed", "outcome": "Sorry."}
    stack.request("review", "PUT", f"/reviews/{reference}", claims=staff, json_body=done)
    (answered,) = answers.answered("complaint", now() + 1)
    assert answered.at < answered.answer_by
    assert answers.answered("request", now() + 1) == []
