"""Each function may do what it must and nothing else: every role is tried against every operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.stack import Account
from tests.e2e.conftest import Site

pytestmark = pytest.mark.e2e

NOBODY = {"B": b"nobody"}
SUBJECT = {"pk": NOBODY, "sk": {"S": "message#0"}}
SUPPRESSION = {"pk": NOBODY}
UPDATE = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
QUERY = {
    "KeyConditionExpression": "queue = :q",
    "ExpressionAttributeValues": {":q": {"S": "new#0"}},
    "IndexName": "queue",
}

# Operations on what the stack holds. They name items and objects that do not exist, so a permitted one does no harm.
OPERATIONS: dict[str, Callable[[Account, Site], Any]] = {
    "subjects: put": lambda a, s: a.client("dynamodb").put_item(
        TableName=s.subjects, Item=SUBJECT | {"discard_at": {"N": "1"}}
    ),
    "subjects: get": lambda a, s: a.client("dynamodb").get_item(TableName=s.subjects, Key=SUBJECT),
    "subjects: update": lambda a, s: a.client("dynamodb").update_item(
        TableName=s.subjects,
        Key=SUBJECT,
        UpdateExpression="SET discard_at = :a",
        ExpressionAttributeValues={":a": {"N": "1"}},
    ),
    "subjects: delete": lambda a, s: a.client("dynamodb").delete_item(TableName=s.subjects, Key=SUBJECT),
    "subjects: scan": lambda a, s: a.client("dynamodb").scan(TableName=s.subjects, Limit=1),
    "subjects: query the queue": lambda a, s: a.client("dynamodb").query(TableName=s.subjects, **QUERY),
    "subjects: query a person": lambda a, s: a.client("dynamodb").query(
        TableName=s.subjects, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": NOBODY}
    ),
    "suppressions: put": lambda a, s: a.client("dynamodb").put_item(TableName=s.suppressions, Item=SUPPRESSION),
    "suppressions: get": lambda a, s: a.client("dynamodb").get_item(TableName=s.suppressions, Key=SUPPRESSION),
    "suppressions: update": lambda a, s: a.client("dynamodb").update_item(
        TableName=s.suppressions, Key=SUPPRESSION, **UPDATE
    ),
    "suppressions: delete": lambda a, s: a.client("dynamodb").delete_item(TableName=s.suppressions, Key=SUPPRESSION),
    "suppressions: scan": lambda a, s: a.client("dynamodb").scan(TableName=s.suppressions, Limit=1),
    "raw mail: read": lambda a, s: a.client("s3").get_object(Bucket=s.bucket, Key="raw/nobody"),
    "raw mail: write": lambda a, s: a.client("s3").put_object(Bucket=s.bucket, Key="raw/nobody", Body=b""),
    "raw mail: delete": lambda a, s: a.client("s3").delete_object(Bucket=s.bucket, Key="raw/nobody"),
    "raw mail: list": lambda a, s: a.client("s3").list_objects_v2(Bucket=s.bucket),
    "hash key: read": lambda a, s: a.client("secretsmanager").get_secret_value(
        SecretId=s.stack.outputs["HashKeySecret"]
    ),
    "hash key: write": lambda a, s: a.client("secretsmanager").update_secret(
        SecretId=s.stack.outputs["HashKeySecret"], Description="x"
    ),
    "mail: send": lambda a, _: a.client("ses").send_raw_email(
        Source="a@expandcart.com", Destinations=["b@example.com"], RawMessage={"Data": b"x"}
    ),
    "queue: send": lambda a, s: a.client("sqs").send_message(
        QueueUrl=s.stack.outputs["InboundEmailQueue"], MessageBody="x"
    ),
    "staff: add": lambda a, s: a.client("cognito-idp").admin_create_user(
        UserPoolId=s.stack.outputs["UserPoolId"], Username="intruder@example.com"
    ),
}
MAY: dict[str, set[str]] = {
    "contact-intake": {"subjects: put", "hash key: read"},
    "opt-out": {"suppressions: update", "hash key: read"},
    "review": {"subjects: put", "subjects: get", "subjects: update", "subjects: query the queue", "hash key: read"},
    "inbound-email": {
        "subjects: put",
        "suppressions: update",
        "raw mail: read",
        "raw mail: delete",
        "raw mail: list",
        "hash key: read",
        "mail: send",
    },
    "ledger": {"raw mail: delete"},
    "pages": {"hash key: read"},
    "deployment": {"suppressions: get", "suppressions: put", "hash key: read"},
}
DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}


def is_allowed(account: Account, site: Site, operation: str) -> bool:
    try:
        OPERATIONS[operation](account, site)
    except ClientError as error:
        return error.response["Error"]["Code"] not in DENIED
    return True


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("function", MAY)
def test_a_role_is_refused_what_is_not_its_own(site: Site, function: str) -> None:
    account = site.stack.as_function(f"kept-{function}")
    allowed = {operation for operation in OPERATIONS if is_allowed(account, site, operation)}
    assert allowed == MAY[function]


@pytest.mark.promise("security-measures")
def test_every_function_is_tried(site: Site) -> None:
    functions = site.stack.client("lambda").list_functions()["Functions"]
    assert {f["FunctionName"] for f in functions} == {f"kept-{name}" for name in MAY}
    assert len({f["Role"] for f in functions}) == len(functions), "two functions share a role"


@pytest.mark.promise("security-measures")
def test_the_queue_is_for_staff_only(site: Site) -> None:
    for token in ("", "Bearer nonsense", f"Bearer {site.stack.service_token}"):
        for path in ("/reviews", "/reviews/AAAA-AAAA-AAAA-AAAA"):
            answer = site.request("GET", path, headers={"Authorization": token} if token else None)
            assert answer.status in {401, 403}, f"{path} with {token[:12] or 'no token'}"
            assert b"items" not in answer.body
