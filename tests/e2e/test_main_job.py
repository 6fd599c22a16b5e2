"""The main job on the deployed template: a message comes in, staff review it, it is discarded."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.conftest import AFTER_REVIEW_SECONDS, COMPLAINT_SECONDS, SUPPORT, Answer, Site, eventually

pytestmark = pytest.mark.e2e


def mail(sender: str, text: str, subject: str = "Hello") -> bytes:
    return f"From: {sender}\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


def from_queue(site: Site, sender: str) -> Any:
    """The sender's item in the queue, once it is there."""

    def look() -> Any:
        return next((item for item in site.to_review() if item.get("from") == sender), None)

    return eventually(look, f"nothing of {sender.partition('@')[0]}'s is in the queue")


def review(site: Site, reference: str) -> Answer:
    return site.request("PUT", f"/reviews/{reference}", {"status": "reviewed", "outcome": "Done"}, staff=True)


@pytest.mark.promise("reachable")
@pytest.mark.promise("email-senders")
@pytest.mark.promise("review-then-discard")
def test_a_post_and_a_mail_are_reviewed_and_then_gone_with_the_raw_mail(site: Site) -> None:
    posted = site.request("POST", "/contacts", {"email": "form@example.com", "message": "Where is my parcel?"})
    assert posted.status == 201
    site.send(mail("mail@example.com", "And where is mine?"), "mail@example.com")

    by_form, by_mail = (from_queue(site, sender) for sender in ("form@example.com", "mail@example.com"))
    assert by_form["reference"] == posted.json["reference"]
    assert by_mail["excerpt"] == "And where is mine?"
    (record,) = site.records_of("mail@example.com")
    raw_key = record["mail"]["M"]["raw_key"]["S"]
    assert raw_key in site.raw_mails()

    references = [by_form["reference"], by_mail["reference"]]
    for reference in references:
        answer = review(site, reference)
        assert answer.status == 200
        left = datetime.fromisoformat(answer.json["discard_by"]).timestamp() - time.time()
        assert left <= AFTER_REVIEW_SECONDS

    time.sleep(AFTER_REVIEW_SECONDS)
    for reference in references:
        assert site.request("GET", f"/reviews/{reference}", staff=True).status == 404, "readable past its date"
    eventually(lambda: not site.records_of("form@example.com"), "the form's record is still in the table")
    eventually(lambda: not site.records_of("mail@example.com"), "the mail's record is still in the table")
    eventually(lambda: raw_key not in site.raw_mails(), "the raw mail outlives its record")


@pytest.mark.promise("review-then-discard")
def test_what_nobody_reviews_goes_by_itself(site: Site) -> None:
    call = {"kind": "complaint", "email": "call@example.com", "text": "You phoned me about an offer."}
    reference = site.request("POST", "/reviews", call, staff=True).json["reference"]
    assert site.request("GET", f"/reviews/{reference}", staff=True).status == 200
    time.sleep(COMPLAINT_SECONDS)
    assert site.request("GET", f"/reviews/{reference}", staff=True).status == 404
    eventually(lambda: not site.records_of("call@example.com"), "it is still in the table")


@pytest.mark.promise("email-opt-out")
def test_a_mail_that_says_stop_suppresses_its_sender_and_the_list_holds_no_address(site: Site) -> None:
    site.send(mail("stop@example.com", "Please do not email me again."), "stop@example.com")
    eventually(lambda: site.is_suppressed("stop@example.com"), "the sender is not suppressed")
    assert site.request("POST", "/opt-outs", {"email": "form-stop@example.com"}).status == 202
    assert site.is_suppressed("FORM-STOP@EXAMPLE.COM")
    assert not site.is_suppressed("somebody-else@example.com")
    table = repr(site.dynamodb.scan(TableName=site.suppressions)["Items"])
    assert "example.com" not in table
    assert "stop" not in table


@pytest.mark.promise("security-measures")
def test_forty_posts_at_once_with_one_key_are_one_record(site: Site) -> None:
    body = {"email": "eager@example.com", "message": "Clicked too often"}
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda _: site.request("POST", "/contacts", body, headers={"Idempotency-Key": "click"}), range(40))
        )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["reference"] for answer in answers}) == 1
    assert len(site.records_of("eager@example.com")) == 1


@pytest.mark.promise("security-measures")
def test_a_notification_delivered_twice_is_one_record_and_a_broken_one_holds_nothing_up(site: Site) -> None:
    topic = next(
        t["TopicArn"] for t in site.stack.client("sns").list_topics()["Topics"] if t["TopicArn"].endswith("-mail")
    )
    sns = site.stack.client("sns")
    key = "raw/delivered-twice"
    site.s3.put_object(Bucket=site.bucket, Key=key, Body=mail("twice@example.com", "Only once, please"))
    notification = (
        '{"notificationType":"Received","mail":{"messageId":"delivered-twice","source":"twice@example.com",'
        f'"timestamp":"{datetime.now().astimezone().isoformat()}"}},"receipt":{{"action":{{"objectKey":"{key}"}}}}}}'
    )
    for message in (notification, '{"notificationType":"Received"}', "not JSON", notification):
        sns.publish(TopicArn=topic, Message=message)
    from_queue(site, "twice@example.com")
    site.send(mail("after@example.com", "Sent after a broken notification"), "after@example.com")
    from_queue(site, "after@example.com")
    assert len(site.records_of("twice@example.com")) == 1


@pytest.mark.promise("reachable")
def test_a_plain_html_form_leads_to_a_page(site: Site) -> None:
    page = site.request("GET", "/en/write")
    assert page.status == 200
    assert b'action="/contacts"' in page.body
    answer = site.request(
        "POST",
        "/contacts",
        b"email=plain%40example.com&message=Hello",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status == 303
    thanks = site.request("GET", answer.headers["location"])
    assert thanks.status == 200
    assert b"Thank you" in thanks.body
    assert len(site.records_of("plain@example.com")) == 1
