"""What the template must say, whatever else it says: each part guards against loss, misuse and alteration."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from infra.build.intent import intent, read_template
from infra.local.intrinsics import Resolver
from kept.domain.exports import LEASE_SECONDS, QUEUE_SECONDS
from kept.domain.policy import load_policy
from tests.conftest import ROOT
from tests.template import resources

TEMPLATE = (ROOT / "infra/template.yaml").read_text(encoding="utf-8")

# Actions for which AWS knows no narrower resource than all (Service Authorization Reference), or none that is narrower
# in use: log groups are found by the beginning of their names.
WITHOUT_RESOURCE = {
    "cloudwatch:GetMetricStatistics",
    "dynamodb:ListTables",
    "lambda:ListEventSourceMappings",
    "logs:DescribeLogGroups",
    "ses:DeleteSuppressedDestination",
    "ses:DescribeActiveReceiptRuleSet",
    "ses:SetActiveReceiptRuleSet",
}


AUDITOR = TEMPLATE.partition("  PurgeAuditRole:")[2].partition("\n\n")[0]


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
@pytest.mark.parametrize("name", ["SubjectsTable", "SuppressionsTable", "LedgerTable"])
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
def test_suppressions_have_no_time_to_live_and_their_changes_are_followed_too() -> None:
    table = of_type("AWS::DynamoDB::Table")["SuppressionsTable"]
    assert "TimeToLiveSpecification" not in table
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.promise("security-measures")
def test_a_change_that_cannot_be_entered_is_found_given_up_and_kept_aside_and_blocks_nothing() -> None:
    events = of_type("AWS::Serverless::Function")["LedgerFunction"]["Events"]
    assert events.keys() == {"Subjects", "Suppressions"}
    for event in events.values():
        stream = event["Properties"]
        assert stream["BisectBatchOnFunctionError"] is True
        assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert stream["MaximumRecordAgeInSeconds"] < 86400, "the stream itself forgets after a day"
        assert "FilterCriteria" not in stream, "no change slips by"
    assert len(re.findall(r"OnFailure: \{ Destination: !GetAtt LedgerFailures\.Arn \}", TEMPLATE)) == len(events)


@pytest.mark.promise("security-measures")
def test_every_bucket_is_private_and_encrypted_and_refuses_what_is_not_encrypted_on_its_way() -> None:
    buckets = of_type("AWS::S3::Bucket")
    assert buckets.keys() >= {"MailBucket", "LedgerFailures", "SealsBucket"}
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert bucket["BucketEncryption"], name
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}, name
        policy = of_type("AWS::S3::BucketPolicy")[f"{name}Policy"]["PolicyDocument"]["Statement"][0]
        assert (policy["Sid"], policy["Effect"]) == ("TlsOnly", "Deny"), name


@pytest.mark.promise("review-then-discard")
def test_changes_that_were_given_up_are_forgotten_after_a_week() -> None:
    bucket = of_type("AWS::S3::Bucket")["LedgerFailures"]
    assert "VersioningConfiguration" not in bucket, "a version would outlive its deletion"
    assert 7 in [rule.get("ExpirationInDays") for rule in bucket["LifecycleConfiguration"]["Rules"]]


@pytest.mark.promise("security-measures")
def test_seals_can_be_neither_written_over_nor_deleted_and_only_entries_go() -> None:
    bucket = of_type("AWS::S3::Bucket")["SealsBucket"]
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"].keys() == {"Mode", "Days"}
    rules = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    assert [rule["Prefix"] for rule in rules] == ["entries/"]


@pytest.mark.promise("review-then-discard")
def test_the_default_of_ledger_days_is_the_shipped_policys() -> None:
    default = re.search(r"LedgerDays:\n    Type: Number\n    Default: (\d+)", TEMPLATE)
    assert default
    assert int(default[1]) * 86400 == load_policy().ledger.kept_for


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize("name", ["MailBucket", "ExportsBucket"])
def test_a_bucket_is_private_encrypted_unversioned_and_has_a_backstop(name: str) -> None:
    bucket = of_type("AWS::S3::Bucket")[name]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    assert "VersioningConfiguration" not in bucket, "a version would outlive its deletion"
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["unfinished"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "ExpirationInDays" in rules["backstop"]
    (statement,) = (
        each
        for each in of_type("AWS::S3::BucketPolicy")[f"{name}Policy"]["PolicyDocument"]["Statement"]
        if each["Sid"] == "TlsOnly"
    )
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")


@pytest.mark.promise("review-then-discard")
def test_the_default_lifecycle_is_not_shorter_than_the_shipped_policys_hard_maximum() -> None:
    default = re.search(r"MailLifecycleDays:\n    Type: Number\n    Default: (\d+)", TEMPLATE)
    assert default
    assert int(default[1]) * 86400 >= load_policy().longest_retention
    default = re.search(r"ExportLifecycleDays:\n    Type: Number\n    Default: (\d+)", TEMPLATE)
    assert default
    assert int(default[1]) * 86400 >= load_policy().longest_export


@pytest.mark.promise("access-on-request")
def test_a_package_has_its_worker_for_as_long_as_the_code_thinks() -> None:
    queue, function = (
        of_type("AWS::SQS::Queue")["ExportsQueue"],
        of_type("AWS::Serverless::Function")["ExportsFunction"],
    )
    assert function["Timeout"] < LEASE_SECONDS < queue["VisibilityTimeout"], "a job that comes again finds it free"
    assert queue["MessageRetentionPeriod"] == QUEUE_SECONDS
    assert queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"] < QUEUE_SECONDS


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


@pytest.mark.promise("review-then-discard")
def test_the_audit_runs_every_night_and_a_night_without_one_or_with_a_breach_is_an_alarm() -> None:
    function = of_type("AWS::Serverless::Function")["PurgeAuditFunction"]
    schedule = function["Events"]["Nightly"]
    assert schedule["Type"] == "ScheduleV2"
    assert schedule["Properties"]["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert "DeadLetterConfig" in schedule["Properties"]
    assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Type"] == "SQS"
    alarm = of_type("AWS::CloudWatch::Alarm")["BreachAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Kept", "Breaches")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["AlarmActions"]


@pytest.mark.promise("security-measures")
def test_the_audit_may_describe_and_look_into_everything_that_it_compares() -> None:
    wanted = intent(read_template())["production"]
    role = yaml.safe_dump(read_template()["Resources"]["PurgeAuditRole"])
    logical = {
        each["Properties"].get(key, {}).get("Fn::Sub"): name
        for name, each in read_template()["Resources"].items()
        for key in ("TableName", "BucketName", "QueueName")
        if isinstance(each.get("Properties", {}).get(key), dict)
    }
    asked = [each["name"] for each in wanted["settings"] if each["kind"] in {"table", "bucket"}]
    in_use = {"${SUBJECTS_TABLE}": "SubjectsArn", "${SUPPRESSIONS_TABLE}": "SuppressionsArn"}
    for name in [*asked, *wanted["dead_letters"], *wanted["failures"]]:
        if name in in_use:
            assert f"*{in_use[name]}" in AUDITOR
            continue
        template_name = re.sub(r"\$\{(\w+)\}", lambda m: {"STACK_NAME": "${AWS::StackName}"}.get(m[1], m[0]), name)
        template_name = template_name.replace("${ACCOUNT_ID}", "${AWS::AccountId}").replace(
            "${AWS_REGION}", "${AWS::Region}"
        )
        assert f"{logical[template_name]}.Arn" in role, f"PurgeAuditRole lacks {logical[template_name]}"


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize("table", ["Subjects", "Suppressions"])
def test_everything_names_a_table_as_one_that_a_restore_may_put_in_its_place(table: str) -> None:
    """Else a function would go on with the old table, and bring back who was discarded."""
    head, tail = TEMPLATE.split("      InUse:")
    in_use, tail = tail.split("  # ----", 1)
    assert f"{table}Table" not in tail.replace(f"  {table}Table:\n", ""), "it is named otherwise than by its anchor"
    assert f"{table}Table" not in head.replace(f"  {table}Table:", "")
    for attribute, own in (
        ("", f"!Ref {table}Table"),
        ("Arn", f"!GetAtt {table}Table.Arn"),
        ("Stream", f"{table}Table.StreamArn"),
    ):
        assert f"&{table}{attribute} !If" in in_use
        assert own in in_use

    template = read_template()
    name = f"kept-{table.lower()}-restored-20261128T030000Z"
    stream = f"arn:aws:dynamodb:eu-west-1:1:table/{name}/stream/2026-11-28T03:00:00.000"
    names = {
        "SubjectsTable": "own",
        "SuppressionsTable": "own",
        "RestoredSubjects": stream,
        "RestoredSuppressions": stream,
    }
    resolver = Resolver(names, template["Conditions"])
    for attribute, expected in (
        ("", name),
        ("Arn", stream.partition("/stream/")[0]),
        ("Stream", stream),
    ):
        given = template["Resources"]["DeploymentCheck"]["Properties"]["InUse"][table + attribute]
        assert resolver.resolve(given) == expected
    own = Resolver({**names, "RestoredSubjects": "", "RestoredSuppressions": ""}, template["Conditions"])
    assert own.resolve(template["Resources"]["DeploymentCheck"]["Properties"]["InUse"][table]) == "own"


@pytest.mark.promise("security-measures")
def test_staff_sign_in_by_the_code_flow_without_a_secret_and_with_a_second_factor() -> None:
    client = of_type("AWS::Cognito::UserPoolClient")["StaffClient"]
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid"]
    assert client["GenerateSecret"] is False
    assert 'MfaConfiguration: !If [IsProduction, "ON", "OFF"]' in TEMPLATE
