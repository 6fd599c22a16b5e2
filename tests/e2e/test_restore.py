"""`make restore … SWITCH=yes` on a deployed stack: it then works on the restored tables, and nobody is back in them.

The emulator has no point-in-time recovery: the test itself copies the tables at the moment that is restored to. Nor
does it heed the policies that freeze the old tables; that they are made, tests/integration/test_restore.py shows.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from infra.local.audit import audit
from infra.local.settings import Settings
from tests.conftest import ROOT
from tests.e2e.conftest import Site, eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.promise("review-then-discard"),
    pytest.mark.promise("email-opt-out"),
    pytest.mark.promise("security-measures"),
]

# As `make restore` calls it, but for the tables, which are there, and for the time that AWS needs to heed a policy.
RESTORE = """
import sys
from infra import restore, switch
restore.Restore.bring_back = lambda _: None
switch.SETTLE_SECONDS = switch.PAUSE_SECONDS = 1
sys.exit(restore.main("kept", sys.argv[1], None, switch=True))
"""


def back_up(site: Site, tables: tuple[str, ...], suffix: str) -> None:
    """Copy the tables as they are now."""
    for name in tables:
        described = site.dynamodb.describe_table(TableName=name)["Table"]
        same = {key: described[key] for key in ("AttributeDefinitions", "KeySchema")}
        if indexes := described.get("GlobalSecondaryIndexes"):
            kept = ("IndexName", "KeySchema", "Projection")
            same["GlobalSecondaryIndexes"] = [{key: index[key] for key in kept} for index in indexes]
        site.dynamodb.create_table(TableName=name + suffix, BillingMode="PAY_PER_REQUEST", **same)
        for page in site.dynamodb.get_paginator("scan").paginate(TableName=name):
            for item in page["Items"]:
                site.dynamodb.put_item(TableName=name + suffix, Item=item)


def post(site: Site, name: str) -> str:
    answer = site.request("POST", "/contacts", {"email": f"{name}@example.com", "message": "Hello"})
    assert answer.status == 201, answer.body
    return str(answer.json["reference"])


def is_held(site: Site, reference: str) -> bool:
    return site.request("GET", f"/reviews/{reference}", staff=True).status == 200


def counts(site: Site) -> int:
    """How many entries the ledger has."""
    items = site.dynamodb.get_paginator("scan").paginate(TableName=site.ledger).search("Items[]")
    return sum(item["sk"]["S"].startswith("entry#") for item in items)


def test_a_restore_that_is_switched_to_brings_back_records_and_nobody_who_was_discarded(
    changed_stack: tuple[Site, Settings],
) -> None:
    site, _ = changed_stack
    outputs = outputs_of(site)
    tables = (outputs["SubjectsTable"], outputs["SuppressionsTable"])
    damaged, erased, reviewed = (post(site, f"restored-{name}") for name in ("damaged", "erased", "reviewed"))
    eventually(lambda: counts(site) >= 3, "the ledger has not heard of them")
    time.sleep(1)  # the moment is a whole second, and what came in must lie before it
    moment = dt.datetime.now(dt.UTC).replace(microsecond=0)
    back_up(site, tables, moment.strftime("-restored-%Y%m%dT%H%M%SZ"))

    (item,) = site.records_of("restored-erased@example.com")
    key = {name: item[name] for name in ("pk", "sk")}
    site.dynamodb.update_item(
        TableName=site.subjects, Key=key, UpdateExpression="SET discard_reason = :reason",
        ExpressionAttributeValues={":reason": {"S": "erasure"}},
    )  # fmt: skip
    site.dynamodb.delete_item(TableName=site.subjects, Key=key)
    (item,) = site.records_of("restored-damaged@example.com")
    broken = item | {"text": {"S": "%&$!"}, "received_at": {"N": "0"}}
    broken.pop("discard_at")
    site.dynamodb.put_item(TableName=site.subjects, Item=broken)
    body = {"status": "reviewed", "outcome": "Done"}
    time.sleep(1.1)  # past the moment, which is a whole second: the review must come after it
    assert site.request("PUT", f"/reviews/{reviewed}", body, staff=True).status == 200
    came_in = post(site, "restored-came-in")
    assert site.request("POST", "/opt-outs", {"email": "restored-opted-out@example.com"}).status == 202

    done = run(site, moment)
    report: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    assert report["unheard_of"] == 0
    assert report["discarded_again"]["erasure"] == 1
    now_in_use = outputs_of(site)
    assert now_in_use["SubjectsTable"] == report["subjects"] != tables[0]
    assert now_in_use["SuppressionsTable"] == report["suppressions"]

    answer = site.request("GET", f"/reviews/{damaged}", staff=True)
    assert (answer.status, answer.json["text"]) == (200, "Hello")
    assert is_held(site, came_in)
    assert not is_held(site, erased)
    eventually(lambda: not is_held(site, reviewed), "a record that was reviewed is there again")
    assert site.may("email", "restored-opted-out@example.com", "marketing")["decision"] == "refused"
    assert site.dynamodb.scan(TableName=tables[0])["Items"] == []

    before = counts(site)
    after = post(site, "restored-after")
    site.request("POST", "/opt-outs", {"email": "restored-after@example.com"})
    assert is_held(site, after)
    eventually(lambda: counts(site) >= before + 2, "the ledger does not follow the tables in use")
    found = audit(site.stack)
    assert [check for check in found["drift"] if check["outcome"] == "breach"] == []
    assert any(check["of"] == f"table {report['subjects']}" for check in found["drift"])


def outputs_of(site: Site) -> dict[str, str]:
    (stack,) = site.stack.client("cloudformation").describe_stacks(StackName="kept")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def run(site: Site, moment: dt.datetime) -> subprocess.CompletedProcess[str]:
    account = {
        "AWS_ENDPOINT_URL": site.stack.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": "layers/kept/python",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", RESTORE, moment.isoformat()],
        cwd=ROOT, env=os.environ | account, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done
