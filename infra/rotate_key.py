"""`make rotate-key STACK=kept`: put the suppressions under a new hash key. Run it, deploy, and run it again.

It needs your AWS credentials, and leaves the older keys in the secret: people and records are named by the first.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sys
import time
from typing import Any

import boto3

from kept.adapters.dynamo import key_rotation
from kept.domain.errors import ConflictError, KeptError
from kept.domain.identity import UNSIGNING, Keys

LONGEST_INVOCATION = 120  # seconds; no function that has the hash key may run longer


def rotate(outputs: dict[str, str], stack: str) -> int:
    """Do the next step of a rotation and say what comes after it; the exit code."""
    table, secret_id = outputs["SuppressionsTable"], outputs["HashKeySecret"]
    store = boto3.client("secretsmanager")
    secret: str = store.get_secret_value(SecretId=secret_id)["SecretString"]
    try:
        rotating = key_rotation.is_rotating(table, Keys(secret))
    except ConflictError:  # begun, and then interrupted
        rotating = False
    if not rotating:
        longer = f"{secret}\n{UNSIGNING}{secrets.token_urlsafe(48)}"
        key_rotation.begin(table, Keys(secret), Keys(longer))
        store.put_secret_value(SecretId=secret_id, SecretString=longer)
        count = key_rotation.rewrite(table, Keys(longer))
        print(f"A new key is in force, and {count} suppressions are written under it too.")
        print(f"Now deploy with KeyGeneration={Keys(longer).generation}, then run this again to end the rotation.")
        return 0
    keys = Keys(secret)
    behind, youngest = _functions_behind(stack, keys.check_values()[-1])
    if behind:
        print(f"These functions may still write under the older key: {', '.join(behind)}.", file=sys.stderr)
        print(f"Deploy with KeyGeneration={keys.generation}, then run this again.", file=sys.stderr)
        return 1
    time.sleep(max(0.0, LONGEST_INVOCATION - youngest))
    if f"\n{UNSIGNING}" in secret:  # every function has it now, so what it signs will be known as ours
        store.put_secret_value(SecretId=secret_id, SecretString=secret.replace(f"\n{UNSIGNING}", "\n"))
    print(f"The rotation has ended: {key_rotation.finish(table, keys)} suppressions under the older key are removed.")
    return 0


def _functions_behind(stack: str, check: str) -> tuple[list[str], float]:
    """The functions that were not deployed since the rotation began, and the age in seconds of the youngest deploy."""
    behind: list[str] = []
    youngest = float("inf")
    for function in _functions(stack):
        variables = function.get("Environment", {}).get("Variables", {})
        if "KEY_CHECK" not in variables:
            continue
        if variables["KEY_CHECK"] != check or function.get("LastUpdateStatus", "Successful") != "Successful":
            behind.append(function["FunctionName"])
        modified = dt.datetime.fromisoformat(function["LastModified"])
        youngest = min(youngest, (dt.datetime.now(dt.UTC) - modified).total_seconds())
    return behind, youngest


def _functions(stack: str) -> list[dict[str, Any]]:
    resources = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    names = [
        resource["PhysicalResourceId"]
        for page in resources
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    ]
    lambda_ = boto3.client("lambda")
    return [dict(lambda_.get_function_configuration(FunctionName=name)) for name in names]


def main(stack: str) -> int:
    """Rotate the key of a deployed stack."""
    (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    try:
        return rotate(outputs, stack)
    except KeptError as error:
        print(f"{error} Nothing else was changed; it is safe to run this again.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
