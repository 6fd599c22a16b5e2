"""The built template, deployed with the real `sam deploy`; only the endpoint is the emulator's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from infra.local import gaps
from infra.local.emulator import tail
from infra.local.intrinsics import Resolver, parameter_values
from infra.local.settings import REGION, STACK_NAME, LocalError, Settings, support_address
from infra.local.stack import ROOT_KEY, Account, root_account, write_whole

ARTEFACTS = f"{STACK_NAME}-artefacts"
ACCOUNT_ID = "000000000000"
_TEMPLATE = "template.local.json"
PSEUDO = {
    "AWS::AccountId": ACCOUNT_ID,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com",
}
Say = Callable[[str], None]


def deploy(settings: Settings, account: Account, say: Say) -> dict[str, str]:
    """Deploy the built template and add what the emulator leaves out; the stack's outputs.

    Raises LocalError with the reason of the resource that failed.
    """
    built = _read_template(settings)
    parameters = _parameters(settings, built)
    before = Resolver(PSEUDO | parameter_values(built, parameters), built.get("Conditions", {}))
    template, mail_rules = gaps.without_mail_rules(built, before)
    template, left_out = gaps.without_dkim_outputs(template)
    template = gaps.with_defaults(template, parameters)
    gaps.make_rule_sets(account, mail_rules)
    file = settings.build / _TEMPLATE  # beside the built one, since its paths are relative
    write_whole(file, json.dumps(template, indent=1, default=str))

    account.client("s3").create_bucket(Bucket=ARTEFACTS)
    _sam_deploy(settings, account, file.name, parameters)
    say("Stack deployed" + "".join(f", but for the output {name}" for name in left_out))

    cloudformation = account.client("cloudformation")
    resolver, processed = _deployed(cloudformation, parameters)
    for added in (
        *gaps.add_mail_rules(account, mail_rules, resolver),
        *gaps.add_http_routes(account, processed, resolver),
        *gaps.limit_routes(account, processed, resolver),
        *gaps.configure_buckets(account, processed, resolver),
        *gaps.protect_tables(account, processed, resolver),
        *gaps.enable_ttl(account, processed, resolver),
    ):
        say(f"Added what the emulator leaves out: {added}")
    (stack,) = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def deploy_again(settings: Settings, **parameters: str) -> None:
    """Deploy what is deployed already with other parameters, as the next `sam deploy` would. Raises LocalError."""
    before = _parameters(settings, _read_template(settings))
    _sam_deploy(settings, root_account(settings.endpoint), _TEMPLATE, before | parameters)


def _read_template(settings: Settings) -> dict[str, Any]:
    file = settings.build / "template.yaml"
    try:
        template: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LocalError(f"{file} is missing: run `make build` first.") from error
    return template


def _parameters(settings: Settings, template: dict[str, Any]) -> dict[str, str]:
    """What a local deploy says differently from production, as far as the template asks for it."""
    address = support_address(settings.build)
    wanted = {
        "Stage": "local",
        "Runtime": settings.runtime,
        "Architecture": settings.architecture,
        "SiteOrigin": settings.site_url,
        "PublicUrl": settings.site_url,
        "SignInUrl": settings.endpoint,  # the emulator's, for any user pool
        "MailDomain": address.rpartition("@")[2],
        "ReceivingAddresses": address.partition("@")[2],
    }
    for given in settings.extra_parameters:
        name, separator, value = given.partition("=")
        if not separator or name not in template.get("Parameters", {}):
            raise LocalError(f"KEPT_PARAMETERS: {given!r} is not Name=value of a parameter of the template.")
        wanted[name] = value
    return {name: value for name, value in wanted.items() if name in template.get("Parameters", {})}


def _sam_deploy(settings: Settings, account: Account, template: str, parameters: dict[str, str]) -> None:
    if not settings.sam.exists():
        raise LocalError(f"{settings.sam} is missing: `make run` installs it.")
    log = settings.log_folder / "deploy.log"
    command = [
        str(settings.sam), "deploy", "--template-file", template, "--stack-name", STACK_NAME,
        "--s3-bucket", ARTEFACTS, "--region", REGION, "--config-env", "local", "--no-confirm-changeset",
        "--no-progressbar", "--disable-rollback", "--capabilities", "CAPABILITY_NAMED_IAM",
        "CAPABILITY_AUTO_EXPAND",
        "--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items()),
    ]  # fmt: skip
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(settings.state_folder),  # no profile or credentials of the person's own
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_ENDPOINT_URL": account.endpoint,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",  # seconds; 5 by default
    }
    with log.open("wb") as output:
        done = subprocess.run(
            command, env=environment, cwd=settings.build, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode:
        reasons = _failures(account) or tail(log)
        raise LocalError(f"sam deploy failed:\n{reasons}\nIts log: {log}")


def _failures(account: Account) -> str:
    """Which resources failed and why, as CloudFormation tells it."""
    try:
        events = account.client("cloudformation").describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    except (BotoCoreError, ClientError):
        return ""
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    of_resources = [event for event in failed if event["LogicalResourceId"] != STACK_NAME]  # the stack repeats them
    return "\n".join(
        f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in of_resources or failed[:1]
    )


def _deployed(cloudformation: Any, parameters: dict[str, str]) -> tuple[Resolver, dict[str, Any]]:
    """What resolves values against the stack as deployed, and its processed template."""
    processed = cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")["TemplateBody"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    resources = [item for page in pages for item in page["StackResourceSummaries"]]
    names = PSEUDO | parameter_values(processed, parameters)
    names |= {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources}
    types = {item["LogicalResourceId"]: item["ResourceType"] for item in resources}
    return Resolver(names, processed.get("Conditions", {}), types), processed
