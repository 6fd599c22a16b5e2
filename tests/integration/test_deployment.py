"""CloudFormation's questions are always answered, and a deploy that contradicts the policy is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.integration.conftest import Stack, client


class CloudFormation:
    """The address that a custom resource answers to."""

    def __init__(self) -> None:
        answers: list[dict[str, Any]] = []
        self.answers = answers

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self, stack: Stack, resource: str, request: str = "Create", **properties: str) -> dict[str, Any]:
        """Send a request for a custom resource; what it answers."""
        event = {
            "ResourceType": resource,
            "RequestType": request,
            "ResponseURL": f"http://127.0.0.1:{self.server.server_port}/",
            "StackId": "s",
            "RequestId": "r",
            "LogicalResourceId": "Check",
            "ResourceProperties": properties,
        }
        stack.function("deployment").handler(event, stack.context)
        return self.answers.pop()


GOOD = {"MailLifecycleDays": "366", "ExportLifecycleDays": "8", "LedgerDays": "730"}


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    cloudformation = CloudFormation()
    yield cloudformation
    cloudformation.server.shutdown()
    cloudformation.server.server_close()


@pytest.mark.promise("security-measures")
def test_a_lifecycle_shorter_than_the_policys_hard_maximum_refuses_the_deploy(
    stack: Stack, cloudformation: CloudFormation
) -> None:
    answer = cloudformation.ask(stack, "Custom::DeploymentCheck", **GOOD | {"MailLifecycleDays": "364"})
    assert answer["Status"] == "FAILED"
    assert "MailLifecycleDays=365" in answer["Reason"], "the reason must say what to do"
    assert (
        cloudformation.ask(stack, "Custom::DeploymentCheck", **GOOD | {"MailLifecycleDays": "365"})["Status"]
        == "SUCCESS"
    )


@pytest.mark.promise("access-on-request")
def test_a_lifecycle_shorter_than_a_package_is_kept_refuses_the_deploy(
    stack: Stack, cloudformation: CloudFormation
) -> None:
    answer = cloudformation.ask(stack, "Custom::DeploymentCheck", **GOOD | {"ExportLifecycleDays": "6"})
    assert answer["Status"] == "FAILED"
    assert "ExportLifecycleDays=7" in answer["Reason"], "the reason must say what to do"


@pytest.mark.promise("email-opt-out")
def test_a_deploy_under_another_key_than_the_suppressions_were_written_under_is_refused(
    stack: Stack, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = cloudformation.ask(stack, "Custom::DeploymentCheck", **GOOD)
    assert good["Data"]["KeyCheck"] == stack.keys.check_values()[-1]

    monkeypatch.setenv("HASH_KEY_SECRET", "another")
    client("secretsmanager").create_secret(Name="another", SecretString="another key, also long enough to be one")
    answer = cloudformation.ask(stack, "Custom::DeploymentCheck", **GOOD)
    assert answer["Status"] == "FAILED"
    assert "another hash key" in answer["Reason"]


@pytest.mark.promise("reachable")
def test_the_receipt_rule_set_is_made_the_active_one_and_given_up_with_the_stack(
    stack: Stack, cloudformation: CloudFormation
) -> None:
    ses = client("ses")
    ses.create_receipt_rule_set(RuleSetName="kept-inbound")
    assert cloudformation.ask(stack, "Custom::ActiveReceiptRuleSet", RuleSetName="kept-inbound")["Status"] == "SUCCESS"
    assert ses.describe_active_receipt_rule_set()["Metadata"]["Name"] == "kept-inbound"


def test_an_unknown_resource_or_a_missing_property_is_answered_as_a_failure(
    stack: Stack, cloudformation: CloudFormation
) -> None:
    assert cloudformation.ask(stack, "Custom::Other")["Status"] == "FAILED"
    assert cloudformation.ask(stack, "Custom::DeploymentCheck")["Status"] == "FAILED"
    assert cloudformation.ask(stack, "Custom::DeploymentCheck", request="Delete")["Status"] == "SUCCESS"
