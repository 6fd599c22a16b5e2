import time
from typing import Any

import botocore.session
from moto import mock_aws

from infra.local.ttl import sweep, tables_with_ttl


def table_with_items() -> Any:
    dynamodb: Any = botocore.session.Session().create_client("dynamodb", "us-east-1")
    for table in ("kept", "other"):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "B"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
    dynamodb.update_time_to_live(
        TableName="kept", TimeToLiveSpecification={"Enabled": True, "AttributeName": "discard_at"}
    )
    now = int(time.time())
    for key, attributes in {
        b"past": {"discard_at": {"N": str(now - 1)}},
        b"future": {"discard_at": {"N": str(now + 60)}},
        b"no date": {},
    }.items():
        dynamodb.put_item(TableName="kept", Item={"pk": {"B": key}, **attributes})
    return dynamodb


@mock_aws
def test_what_is_past_its_date_is_deleted_and_nothing_else() -> None:
    dynamodb = table_with_items()
    assert sweep(dynamodb, "kept", "discard_at", ["pk"]) == 1
    left = {item["pk"]["B"] for item in dynamodb.scan(TableName="kept")["Items"]}
    assert left == {b"future", b"no date"}


@mock_aws
def test_only_tables_that_name_a_ttl_attribute_are_swept() -> None:
    assert list(tables_with_ttl(table_with_items())) == [("kept", "discard_at", ["pk"])]
