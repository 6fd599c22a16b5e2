"""What the template must say, whatever else it says: each part guards against loss, misuse and alteration."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kept.domain.policy import load_policy
from tests.conftest import ROOT
from tests.template import resources

TEMPLATE = (ROOT / "infra/template.yaml").read_text(encoding="utf-8")

# Actions for which AWS knows no narrower resource than all (Service Authorization Reference, SES v1).
WITHOUT_RESOURCE = {"ses:SetActiveReceiptRuleSet", "ses:DescribeActiveReceiptRuleSet"}


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical id."""
    return {name: r.get("Properties", {}) for name, r in resources().items() if r["Type"] == kind}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.promise("security-measures")
def test_each_function_has_a_role_and_a_log_of_its_own_that_forgets() -> None:
    functions = of_type("AWS::Serverless::Function")
    assert len(re.findall(r"Role: !GetAtt (\w+)Role\.Arn", TEMPLATE)) == len(functions)
    for name in functions:
        part = name.removesuffix("Function")
        assert f"Role: !GetAtt {part}Role.Arn" in TEMPLATE
        assert f"LoggingConfig: {{ LogGroup: !Ref {part}Log }}" in TEMPLATE
    for name, log in of_type("AWS::Logs::LogGroup").items():
        assert "RetentionInDays" in log, f"{name} keeps its lines for ever"


@pytest.mark.promise("security-measures")
def test_no_role_has_a_wildcard_where_the_service_allows_a_narrower_resource() -> None:
    for name, role in of_type("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, f"{name}: AWS's managed policies name no resources"
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = set(as_list(statement["Action"]))
                assert not any("*" in action for action in actions), f"{name}: {actions}"
                if "*" in as_list(statement["Resource"]):
                    assert actions <= WITHOUT_RESOURCE, f"{name}: {actions}"


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("name", ["SubjectsTable", "SuppressionsTable"])
def test_a_table_can_be_restored_and_not_be_deleted_by_mistake(name: str) -> None:
    table = of_type("AWS::DynamoDB::Table")[name]
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "DeletionProtectionEnabled" in table
    assert resources()[name]["DeletionPolicy"] == "Retain"


@pytest.mark.promise("review-then-discard")
def test_records_have_a_time_to_live_and_a_stream() -> None:
    table = of_type("AWS::DynamoDB::Table")["SubjectsTable"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "discard_at", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.promise("email-opt-out")
def test_suppressions_have_no_time_to_live() -> None:
    assert "TimeToLiveSpecification" not in of_type("AWS::DynamoDB::Table")["SuppressionsTable"]


@pytest.mark.promise("review-then-discard")
def test_the_mail_bucket_is_private_encrypted_unversioned_and_has_a_backstop() -> None:
    bucket = of_type("AWS::S3::Bucket")["MailBucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    assert "VersioningConfiguration" not in bucket, "a version would outlive its deletion"
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["unfinished"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "ExpirationInDays" in rules["backstop"]


@pytest.mark.promise("review-then-discard")
def test_the_default_lifecycle_is_not_shorter_than_the_shipped_policys_hard_maximum() -> None:
    default = re.search(r"MailLifecycleDays:\n    Type: Number\n    Default: (\d+)", TEMPLATE)
    assert default
    assert int(default[1]) * 86400 >= load_policy().longest_retention


@pytest.mark.promise("security-measures")
def test_mail_waits_in_a_queue_with_a_dead_letter_queue_and_comes_back_one_by_one() -> None:
    queue = of_type("AWS::SQS::Queue")["InboundEmailQueue"]
    function = of_type("AWS::Serverless::Function")["InboundEmailFunction"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert function["Events"]["Mail"]["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    for name, each in of_type("AWS::SQS::Queue").items():
        assert each["SqsManagedSseEnabled"] is True, f"{name} is not encrypted"


@pytest.mark.promise("no-visitor-recognition")
def test_the_access_log_has_no_field_that_a_visitor_brings() -> None:
    log = of_type("AWS::Serverless::HttpApi")["Api"]["AccessLogSettings"]["Format"]
    assert set(re.findall(r"\$context\.([\w.]+)", log)) == {
        "requestTime",
        "requestId",
        "routeKey",
        "status",
        "responseLength",
        "responseLatency",
    }


@pytest.mark.promise("security-measures")
def test_only_staff_made_by_the_shop_can_sign_in() -> None:
    pool = of_type("AWS::Cognito::UserPool")["UserPool"]
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    client = of_type("AWS::Cognito::UserPoolClient")["StaffClient"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"


@pytest.mark.promise("security-measures")
def test_staff_sign_in_by_the_code_flow_without_a_secret_and_with_a_second_factor() -> None:
    client = of_type("AWS::Cognito::UserPoolClient")["StaffClient"]
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid"]
    assert client["GenerateSecret"] is False
    assert 'MfaConfiguration: !If [IsProduction, "ON", "OFF"]' in TEMPLATE
