"""Called by CloudFormation while it deploys: refuses what contradicts the policy, and does what it cannot do itself."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

from kept.adapters.dynamo.suppressions import DynamoSuppressions
from kept.adapters.secrets import read_keys
from kept.adapters.ses import activate_receipt_rules
from kept.app.check_deployment import check_export_lifecycle, check_ledger_days, check_mail_lifecycle
from kept.domain.errors import KeptError, UnavailableError
from kept.domain.policy import load_policy
from kept.entry.observability import Observer, describe
from kept.entry.settings import setting

ATTEMPTS, PAUSE_SECONDS = 5, 4
"""Where this deploy has just given this function another table, IAM may take some seconds to heed that."""

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> None:
    """Answer a custom resource's request; whatever happens, CloudFormation gets an answer and does not hang.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    """
    answer: dict[str, Any] = {"Status": "SUCCESS", "Data": {}}
    try:
        task = _TASKS[event["ResourceType"]]
        answer["Data"] = task(event["RequestType"], event["ResourceProperties"])
    except KeptError as error:
        answer |= {"Status": "FAILED", "Reason": str(error)}
    except Exception as error:  # noqa: BLE001  # CloudFormation would wait an hour for an answer
        answer |= {"Status": "FAILED", "Reason": "{error} at {place}".format(**describe(error))}
    observer.log("custom-resource", request=context.aws_request_id, outcome=answer["Status"])
    answer |= {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer["PhysicalResourceId"] = event.get("PhysicalResourceId", event["LogicalResourceId"])
    request = urllib.request.Request(  # noqa: S310  # CloudFormation's own address
        event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310  # as above
        pass


def _check(request_type: str, properties: dict[str, Any]) -> dict[str, str]:
    if request_type == "Delete":
        return {}
    policy = load_policy()
    check_mail_lifecycle(policy, int(properties["MailLifecycleDays"]))
    check_export_lifecycle(policy, int(properties["ExportLifecycleDays"]))
    check_ledger_days(policy, int(properties["LedgerDays"]))
    suppressions = DynamoSuppressions(setting("SUPPRESSIONS_TABLE"), read_keys(setting("HASH_KEY_SECRET")))
    for _ in range(ATTEMPTS - 1):
        try:
            return {"KeyCheck": suppressions.agree_on_key()}
        except UnavailableError:
            time.sleep(PAUSE_SECONDS)
    return {"KeyCheck": suppressions.agree_on_key()}


def _activate(request_type: str, properties: dict[str, Any]) -> dict[str, str]:
    """Make the receipt rule set the active one; when the stack goes, leave none active if it was ours."""
    activate_receipt_rules(properties["RuleSetName"], active=request_type != "Delete")
    return {}


_TASKS = {"Custom::DeploymentCheck": _check, "Custom::ActiveReceiptRuleSet": _activate}
