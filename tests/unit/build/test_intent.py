"""What the audit compares with is read from the template, so that nothing is stated twice."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from infra.build.intent import IntentError, intent, read_template
from kept.domain.errors import ConfigurationError
from kept.entry.intent import load_intent

TEMPLATE = read_template()
ENVIRONMENT = {
    "STACK_NAME": "kept",
    "ACCOUNT_ID": "000000000000",
    "AWS_REGION": "eu-west-1",
    "API": "api1",
    "RECOVERY_DAYS": "9",
    "MAIL_LIFECYCLE_DAYS": "200",
    "LOG_RETENTION_DAYS": "14",
    "EXPORT_LIFECYCLE_DAYS": "8",
    "LEDGER_DAYS": "730",
    "SEALS_LOCK_MODE": "GOVERNANCE",
    "SUBJECTS_TABLE": "subjects",
    "SUPPRESSIONS_TABLE": "suppressions",
}


def expected(of: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    """The settings of one thing."""
    (found,) = (each["expected"] for each in of["settings"] if (each["kind"], each["name"]) == (kind, name))
    return dict(found)


def test_every_table_bucket_and_log_of_the_template_is_there() -> None:
    resources = TEMPLATE["Resources"].values()
    for stage, wanted in intent(TEMPLATE).items():
        for kind, of_type in (
            ("table", "AWS::DynamoDB::Table"),
            ("bucket", "AWS::S3::Bucket"),
            ("log", "AWS::Logs::LogGroup"),
        ):
            many = sum(each["Type"] == of_type for each in resources)
            assert sum(each["kind"] == kind for each in wanted["settings"]) == many, (stage, kind)


@pytest.mark.promise("security-measures")
def test_production_is_protected_and_swept_by_aws() -> None:
    table = expected(intent(TEMPLATE)["production"], "table", "${SUBJECTS_TABLE}")
    assert table["time to live by"] == "discard_at"
    assert table["time to live is on"] == "yes"
    assert table["deletion protection"] == "on"
    assert table["days of recovery"] == "${RECOVERY_DAYS}"


def test_what_the_template_wants_of_a_stage_only_is_wanted_of_that_stage() -> None:
    table = expected(intent(TEMPLATE)["local"], "table", "${SUBJECTS_TABLE}")
    assert table["deletion protection"] == "off"


def test_a_changed_template_changes_what_is_wanted() -> None:
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["SubjectsTable"]["Properties"]["TimeToLiveSpecification"]["AttributeName"] = "other"
    template["Resources"]["Api"]["Properties"]["RouteSettings"]["POST /contacts"]["ThrottlingRateLimit"] = 11
    wanted = intent(template)["production"]
    assert expected(wanted, "table", "${SUBJECTS_TABLE}")["time to live by"] == "other"
    assert expected(wanted, "api", "${API}")["limit of POST /contacts"].startswith("11 a second")


def test_a_restored_table_in_use_is_held_to_what_the_template_wants_of_its_own() -> None:
    wanted = intent(TEMPLATE)["production"]
    assert expected(wanted, "table", "${SUPPRESSIONS_TABLE}")["stream"] == "NEW_AND_OLD_IMAGES"
    assert expected(wanted, "function", "${STACK_NAME}-ledger") == {
        "takes changes of ${SUBJECTS_TABLE}": "Enabled",
        "takes changes of ${SUPPRESSIONS_TABLE}": "Enabled",
    }


def test_a_queue_that_no_function_reads_is_one_in_which_nothing_may_lie() -> None:
    dead = intent(TEMPLATE)["production"]["dead_letters"]
    assert "${STACK_NAME}-inbound-email-dead" in dead
    assert "${STACK_NAME}-purge-audit-dead" in dead
    assert "${STACK_NAME}-inbound-email" not in dead


def test_what_the_audit_is_not_told_of_ends_the_build_and_says_what_to_add() -> None:
    template = copy.deepcopy(TEMPLATE)
    del template["Resources"]["PurgeAuditFunction"]["Properties"]["Environment"]["Variables"]["RECOVERY_DAYS"]
    with pytest.raises(IntentError, match="!Ref RecoveryDays"):
        intent(template)


def test_the_functions_environment_fills_in_what_only_the_deploy_knew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "intent.json"
    file.write_text(json.dumps(intent(TEMPLATE)))
    for name, value in {**ENVIRONMENT, "STAGE": "production"}.items():
        monkeypatch.setenv(name, value)
    loaded = load_intent(file)
    (mail,) = (each for each in loaded.settings if each.name == "kept-mail-000000000000-eu-west-1")
    assert mail.expected["lifecycle rule backstop"] == "enabled, expires after 200 days"
    monkeypatch.delenv("RECOVERY_DAYS")
    with pytest.raises(ConfigurationError, match="RECOVERY_DAYS"):
        load_intent(file)
    with pytest.raises(ConfigurationError, match="build and deploy again"):
        load_intent(tmp_path / "missing.json")
