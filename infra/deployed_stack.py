"""The stack that a command is about: one that is deployed, or the one that `make run` runs on this machine."""

from __future__ import annotations

import os
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.settings import REGION, LocalError
from infra.local.stack import ROOT_KEY, read_stack

LOCAL = "local"


def use(stack: str) -> dict[str, str]:
    """The stack's outputs; clients that are made from now on speak with it, on AWS with your credentials.

    Ends the command with a sentence where there is no such stack.
    """
    if stack == LOCAL:
        try:
            running = read_stack()
        except LocalError as error:
            sys.exit(str(error))
        os.environ |= {
            "AWS_ENDPOINT_URL": running.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
        }
        return running.outputs
    return outputs_of(describe(stack))


def describe(stack: str) -> dict[str, Any]:
    """A deployed stack as CloudFormation describes it. Ends the command with a sentence where it does not."""
    try:
        (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        sys.exit(f"There is no stack {stack} that you may see here: {error.response['Error']['Message']}")
    except BotoCoreError as error:
        sys.exit(f"AWS cannot be asked about the stack {stack}: {error}")
    return dict(described)


def outputs_of(described: dict[str, Any]) -> dict[str, str]:
    """The outputs of a stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
