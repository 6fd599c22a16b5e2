"""The stack that a command is about: one that is deployed, or the one that `make run` runs on this machine."""

from __future__ import annotations

import os

import boto3

from infra.local.settings import REGION
from infra.local.stack import ROOT_KEY, read_stack

LOCAL = "local"


def use(stack: str) -> dict[str, str]:
    """The stack's outputs; clients that are made from now on speak with it, on AWS with your credentials."""
    if stack == LOCAL:
        running = read_stack()
        os.environ |= {
            "AWS_ENDPOINT_URL": running.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
        }
        return running.outputs
    (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
