"""Three hundred records on the deployed template, each with a fate of its own: the audit tells which it was."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import pytest

from infra.local.audit import audit
from kept.domain.ledger import LedgerKeys
from tests.e2e.conftest import AFTER_REVIEW_SECONDS, Site, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.promise("review-then-discard")]

MANY = 300
FATES = ("live", "reviewed", "erased", "by-hand", "date-taken-away", "date-moved", "expired", "unknown-to-it")
"""`unknown-to-it`: somebody took what the ledger knows of it away. `live`: it waits for a review that never comes."""

Item = dict[str, Any]


class Records:
    """The records of this test, one a person, and what is done to them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.fates = dict(
            zip((f"audited{n}@example.com" for n in range(MANY)), islice(cycle(FATES), MANY), strict=True)
        )
        self.references: dict[str, str] = {}
        self.keys: dict[str, Item] = {}

    def of(self, *fates: str) -> list[str]:
        return [address for address, fate in self.fates.items() if fate in fates]

    def post(self) -> None:
        """All of them come in by the form."""

        def one(address: str) -> None:
            answer = self.site.request("POST", "/contacts", {"email": address, "message": "Hello"})
            assert answer.status == 201
            self.references[address] = answer.json["reference"]
            (item,) = self.site.records_of(address)
            self.keys[address] = {name: item[name] for name in ("pk", "sk")}

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, self.fates))

    def update(self, address: str, expression: str, values: Item | None = None) -> None:
        request: Item = {"ExpressionAttributeValues": values} if values else {}
        self.site.dynamodb.update_item(
            TableName=self.site.subjects, Key=self.keys[address], UpdateExpression=expression, **request
        )

    def are_due(self, at: int) -> None:
        """Their dates are brought near with a reason, as a review would; then hands do what hands do."""
        for address in self.of(*(set(FATES) - {"live", "reviewed", "unknown-to-it"})):
            moved = {"M": {"reason": {"S": "test_run"}, "at": {"N": str(at)}}}
            self.update(address, "SET discard_at = :at, date_moved = :moved", {":at": {"N": str(at)}, ":moved": moved})

    def meet_their_fates(self) -> None:
        for address in self.of("date-taken-away"):
            self.update(address, "REMOVE discard_at")
        for address in self.of("date-moved"):
            self.update(address, "SET discard_at = :far", {":far": {"N": "4102444800"}})
        for address in self.of("erased"):
            self.update(address, "SET discard_reason = :reason", {":reason": {"S": "erasure"}})
        for address in self.of("erased", "by-hand"):
            self.site.dynamodb.delete_item(TableName=self.site.subjects, Key=self.keys[address])

    def review(self) -> None:
        for address in self.of("reviewed"):
            path = f"/reviews/{self.references[address]}"
            assert self.site.request("PUT", path, {"status": "reviewed", "outcome": "Done"}, staff=True).status == 200

    def left(self) -> set[str]:
        return {address for address in self.fates if self.site.records_of(address)}


@contextmanager
def stopped(site: Site, function: str) -> Iterator[None]:
    """A function gets nothing from its streams for a while; AWS and the emulator deliver it all afterwards."""
    client = site.stack.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    for mapping in mappings:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        for mapping in mappings:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def ledger_keys(site: Site) -> LedgerKeys:
    """What tells whose an entry is."""
    secret = site.stack.client("secretsmanager").get_secret_value(SecretId=site.stack.outputs["LedgerKeySecret"])
    return LedgerKeys(secret["SecretString"])


def counts_of(site: Site) -> Counter[str]:
    """What the ledger counted of all records so far: written, and discarded by reason."""
    counted: Counter[str] = Counter()
    for page in site.dynamodb.get_paginator("scan").paginate(TableName=site.stack.outputs["LedgerTable"]):
        for item in page["Items"]:
            if item["sk"]["S"] == "counts":
                counted.update({name: int(value["N"]) for name, value in item.items() if "N" in value})
    return counted


def test_the_audit_tells_what_became_of_three_hundred_records_and_none_of_the_stragglers_is_left(site: Site) -> None:
    before = counts_of(site)
    records = Records(site)
    with stopped(site, "kept-ledger"):  # the ledger hears of them late
        records.post()
        assert counts_of(site) == before
    eventually(lambda: counts_of(site)["written"] - before["written"] >= MANY, "the ledger has not caught up", 120)
    keys = ledger_keys(site)
    digests = {keys.record("subjects", key["pk"]["B"], key["sk"]["S"]): a for a, key in records.keys.items()}
    for digest, address in digests.items():
        if records.fates[address] == "unknown-to-it":
            place = {"pk": {"S": keys.subject(records.keys[address]["pk"]["B"])}, "sk": {"S": f"commitment#{digest}"}}
            site.dynamodb.delete_item(TableName=site.stack.outputs["LedgerTable"], Key=place)

    due = int(time.time()) + 30
    records.are_due(due)
    records.meet_their_fates()
    records.review()
    time.sleep(max(0.0, due - time.time()) + AFTER_REVIEW_SECONDS)
    gone = set(records.of("reviewed", "erased", "by-hand", "expired"))
    eventually(lambda: not records.left() & gone, "time to live has not come", 60)
    settled = len(gone)

    def discarded() -> int:
        return sum(n for name, n in (counts_of(site) - before).items() if name.startswith("discarded#"))

    eventually(lambda: discarded() >= settled, "the ledger has not heard of the ends", 120)

    report = audit(site.stack)
    told = {
        digests[s["record"]]: (s["cause"], s["outcome"])
        for s in report["overdue"]["stragglers"]
        if s["record"] in digests
    }
    assert told == {
        address: (records.fates[address], "discarded") for address in records.of("date-taken-away", "date-moved")
    }
    orphans = {digests[o["digest"]] for o in report["orphans"]["found"] if o["digest"] in digests}
    assert orphans == set(records.of("unknown-to-it"))
    assert records.left() == set(records.of("live", "unknown-to-it"))

    many = Counter(records.fates.values())
    hand_made = many["date-taken-away"] + many["date-moved"]
    eventually(lambda: discarded() >= settled + hand_made, "the ledger has not heard of what the audit discarded", 60)
    by_reason = {name.partition("#")[2]: n for name, n in (counts_of(site) - before).items() if "#" in name}
    assert by_reason == {
        "expired": many["expired"],
        "review": many["reviewed"],
        "erasure": many["erased"],
        "unknown": many["by-hand"],
        "purge_audit": hand_made,
    }

    again = audit(site.stack)
    ledger = again["ledger"]
    assert ledger["written"] + ledger["unwritten"] == sum(ledger["discarded"].values()) + ledger["live"]
    now = counts_of(site)
    assert (now["opened"] - now["closed"]) - (before["opened"] - before["closed"]) == len(records.left())
    assert ledger["live"] == ledger["held"], "what is held is not what the ledger counts"
    assert again["verdict"] == "breach"
    assert "example.com" not in json.dumps(again)


def test_the_audit_of_an_untouched_stack_finds_no_drift_and_staff_can_read_it(site: Site) -> None:
    report = audit(site.stack)
    assert [check for check in report["drift"] if check["outcome"] == "breach"] == []
    fine = sum(check["outcome"] == "fine" for check in report["drift"])
    assert fine > 40, "most of it could not be learnt"
    assert site.request("GET", "/audits/latest", staff=True).json == report
    assert site.request("GET", "/audits", staff=True).json["items"][0]["day"] == report["day"]
    assert site.request("GET", "/audits/latest").status == 401


@pytest.mark.promise("security-measures")
def test_settings_that_a_hand_changed_are_named(site: Site) -> None:
    logs = site.stack.client("logs")
    group, table, bucket = "/aws/lambda/kept-review", site.subjects, site.bucket
    kept_for = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"]
    blocked = site.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    rules = site.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    ses, rule_set = site.stack.client("ses"), site.stack.outputs["ReceiptRuleSet"]
    try:
        logs.put_retention_policy(logGroupName=group, retentionInDays=3653)
        site.dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        )
        site.s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration={**blocked, "BlockPublicPolicy": False}
        )
        site.s3.delete_bucket_lifecycle(Bucket=bucket)
        ses.set_active_receipt_rule_set()
        found = {(c["of"], c["what"]) for c in audit(site.stack)["drift"] if c["outcome"] == "breach"}
    finally:
        logs.put_retention_policy(logGroupName=group, retentionInDays=kept_for)
        site.dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        site.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocked)
        site.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        ses.set_active_receipt_rule_set(RuleSetName=rule_set)
    assert found == {
        (f"log {group}", "kept for"),
        (f"table {table}", "recovery"),
        (f"bucket {bucket}", "public access"),
        (f"bucket {bucket}", "lifecycle rule backstop"),
        (f"bucket {bucket}", "lifecycle rule unfinished"),
        (f"receipt rules {rule_set}", "active rule set"),
        (f"receipt rules {rule_set}", "rule support"),
        (f"receipt rules {rule_set}", "rule support scans"),
    }
