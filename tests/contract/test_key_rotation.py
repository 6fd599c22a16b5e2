"""Rotating the hash key: at no moment, whatever crashes, does anybody who opted out seem not to have."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, EndpointConnectionError
from moto import mock_aws

from infra import rotate_key
from kept.adapters.dynamo import key_rotation
from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.suppressions import KEY_CHECK, DynamoSuppressions
from kept.domain.errors import ConflictError, KeptError, KeyMismatchError, NotFoundError
from kept.domain.identity import Keys, SubjectId
from kept.domain.opt_out_token import make_opt_out_token, read_opt_out_token
from kept.domain.suppression import EVERYTHING, MARKETING, list_scope
from tests.conftest import ROOT
from tests.template import create_table, resources

pytestmark = [pytest.mark.promise("email-opt-out"), pytest.mark.promise("security-measures")]

TABLE = "suppressions"
OLD, NEW = Keys("k" * 64), Keys("k" * 64 + "\n" + "r" * 64)
NEWEST = Keys("\n".join(("k" * 64, "r" * 64, "t" * 64)))
NOW = 1_800_000_000
OPTED_OUT = [OLD.subject_id(f"person{number}@example.com") for number in range(2)]
ANN = OLD.subject_id("ann@example.com")


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    """A table in which some people have opted out."""
    with mock_aws():
        create_table(dynamodb(), "SuppressionsTable", TABLE)
        store = DynamoSuppressions(TABLE, OLD)
        store.agree_on_key()
        for at, who in enumerate(OPTED_OUT):
            store.suppress(who, MARKETING, "form", NOW + at)
        yield


def items() -> dict[bytes, dict[str, Any]]:
    return {item["pk"]["B"]: item for item in dynamodb().scan(TableName=TABLE)["Items"]}


def ask(store: DynamoSuppressions, people: list[SubjectId]) -> str:
    """What the gate says about people who opted out of marketing: refused, unknown, or ALLOWED."""
    try:
        found = store.scopes_of(people)
    except KeyMismatchError:
        return "unknown"
    return "refused" if all(MARKETING in found[who] for who in people) else "ALLOWED"


# ---------------------------------------------------------------- step by step


def test_each_step_leaves_everybody_refused_or_unknown() -> None:
    answers = {"before": ask(DynamoSuppressions(TABLE, OLD), OPTED_OUT)}
    key_rotation.begin(TABLE, OLD, NEW)
    answers["begun, secret not written"] = ask(DynamoSuppressions(TABLE, OLD), OPTED_OUT)
    answers["begun, secret written"] = ask(DynamoSuppressions(TABLE, NEW), OPTED_OUT)
    assert key_rotation.rewrite(TABLE, NEW) == len(OPTED_OUT)
    answers["rewritten"] = ask(DynamoSuppressions(TABLE, NEW), OPTED_OUT)
    answers["rewritten, the old key"] = ask(DynamoSuppressions(TABLE, OLD), OPTED_OUT)
    assert key_rotation.finish(TABLE, NEW) == len(OPTED_OUT)
    answers["finished"] = ask(DynamoSuppressions(TABLE, NEW), OPTED_OUT)
    answers["finished, the old key"] = ask(DynamoSuppressions(TABLE, OLD), OPTED_OUT)
    assert answers == {
        "before": "refused",
        "begun, secret not written": "unknown",
        "begun, secret written": "refused",
        "rewritten": "refused",
        "rewritten, the old key": "unknown",
        "finished": "refused",
        "finished, the old key": "unknown",
    }


def test_each_step_says_whether_the_rotation_goes_on() -> None:
    assert key_rotation.is_rotating(TABLE, OLD) is False
    key_rotation.begin(TABLE, OLD, NEW)
    with pytest.raises(ConflictError):
        key_rotation.is_rotating(TABLE, OLD)
    assert key_rotation.is_rotating(TABLE, NEW) is True
    key_rotation.rewrite(TABLE, NEW)
    assert key_rotation.is_rotating(TABLE, NEW) is True
    key_rotation.finish(TABLE, NEW)
    assert key_rotation.is_rotating(TABLE, NEW) is False


def test_after_it_nothing_lies_under_the_older_key_and_each_wish_is_as_it_was() -> None:
    DynamoSuppressions(TABLE, OLD).suppress(OPTED_OUT[0], list_scope(3), "link", NOW + 50)
    before = items()
    key_rotation.begin(TABLE, OLD, NEW)
    key_rotation.finish(TABLE, NEW)
    after = items()
    assert after.pop(KEY_CHECK["pk"]["B"]) == KEY_CHECK | {"key_check": {"S": NEW.check_values()[1]}}
    assert set(after) == {NEW.suppression_ids(who)[1] for who in OPTED_OUT}
    for who in OPTED_OUT:
        renamed = after[NEW.suppression_ids(who)[1]]
        assert renamed.pop("generation") == {"N": "2"}
        assert renamed | {"pk": {"B": who}} == before[who], "a reason or a time was lost"


def test_every_step_may_be_done_again() -> None:
    for _ in range(2):
        key_rotation.begin(TABLE, OLD, NEW)
    for _ in range(2):
        key_rotation.rewrite(TABLE, NEW)
        assert ask(DynamoSuppressions(TABLE, NEW), OPTED_OUT) == "refused"
    for _ in range(2):
        key_rotation.finish(TABLE, NEW)
        assert ask(DynamoSuppressions(TABLE, NEW), OPTED_OUT) == "refused"
    assert len(items()) == len(OPTED_OUT) + 1


def test_it_can_begin_anew_with_another_key_as_long_as_the_secret_was_not_written() -> None:
    lost = Keys("k" * 64 + "\n" + "l" * 64)
    key_rotation.begin(TABLE, OLD, lost)
    key_rotation.begin(TABLE, OLD, NEW)
    assert ask(DynamoSuppressions(TABLE, NEW), OPTED_OUT) == "refused"
    assert ask(DynamoSuppressions(TABLE, lost), OPTED_OUT) == "unknown"


@pytest.mark.parametrize("keys", [(Keys("j" * 64), NEW), (NEW, NEWEST)])
def test_a_rotation_from_a_key_that_is_not_the_tables_is_refused(keys: tuple[Keys, Keys]) -> None:
    before = items()
    with pytest.raises(KeyMismatchError):
        key_rotation.begin(TABLE, *keys)
    with pytest.raises(KeyMismatchError):
        key_rotation.is_rotating(TABLE, keys[0])
    assert items() == before


def test_no_second_rotation_begins_before_the_first_has_ended() -> None:
    key_rotation.begin(TABLE, OLD, NEW)
    with pytest.raises(KeyMismatchError):
        key_rotation.begin(TABLE, NEW, NEWEST)
    assert ask(DynamoSuppressions(TABLE, NEW), OPTED_OUT) == "refused"


def test_a_second_rotation_wraps_the_first() -> None:
    for before, after in ((OLD, NEW), (NEW, NEWEST)):
        key_rotation.begin(TABLE, before, after)
        assert ask(DynamoSuppressions(TABLE, after), OPTED_OUT) == "refused"
        key_rotation.rewrite(TABLE, after)
        assert ask(DynamoSuppressions(TABLE, after), OPTED_OUT) == "refused"
        key_rotation.finish(TABLE, after)
        assert ask(DynamoSuppressions(TABLE, after), OPTED_OUT) == "refused"
    assert set(items()) - {KEY_CHECK["pk"]["B"]} == {NEWEST.suppression_ids(who)[2] for who in OPTED_OUT}


# ---------------------------------------------------------------- while people opt out


def test_who_opts_out_while_it_goes_on_is_never_missed_under_whichever_key() -> None:
    warm = DynamoSuppressions(TABLE, OLD)  # a process that lives since before
    warm.scopes_of(OPTED_OUT)
    late = iter(OLD.subject_id(f"late{number}@example.com") for number in itertools.count())
    people = list(OPTED_OUT)

    def opt_out(store: DynamoSuppressions) -> None:
        who = next(late)
        store.suppress(who, MARKETING, "link", NOW)
        people.append(who)

    def nobody_is_allowed() -> None:
        for keys in (OLD, NEW):
            assert ask(DynamoSuppressions(TABLE, keys), people) != "ALLOWED"
        assert ask(warm, people) != "ALLOWED"

    opt_out(warm)
    key_rotation.begin(TABLE, OLD, NEW)
    opt_out(warm)
    nobody_is_allowed()
    fresh = DynamoSuppressions(TABLE, NEW)
    opt_out(fresh)
    nobody_is_allowed()
    key_rotation.rewrite(TABLE, NEW)
    opt_out(warm)  # under the older key, after it was gone through
    opt_out(fresh)
    nobody_is_allowed()
    assert ask(DynamoSuppressions(TABLE, NEW), people) == "refused"
    assert ask(fresh, people) == "refused"
    key_rotation.finish(TABLE, NEW)
    opt_out(fresh)
    nobody_is_allowed()
    assert ask(DynamoSuppressions(TABLE, NEW), people) == ask(fresh, people) == "refused"
    assert len(items()) == len(people) + 1


def test_who_asks_all_the_while_is_never_told_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked after every single write of a rotation, by processes that started before, while and after."""
    gates = [DynamoSuppressions(TABLE, OLD), DynamoSuppressions(TABLE, NEW)]

    def asked_around(operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            answer = operation(**request)
            gates.append(DynamoSuppressions(TABLE, NEW))
            for gate in gates[:3] + gates[3:][-2:]:
                assert ask(gate, OPTED_OUT) != "ALLOWED"
            return answer

        return call

    for name in ("update_item", "delete_item"):
        monkeypatch.setattr(dynamodb(), name, asked_around(getattr(dynamodb(), name)))
    key_rotation.begin(TABLE, OLD, NEW)
    key_rotation.rewrite(TABLE, NEW)
    key_rotation.finish(TABLE, NEW)
    assert {ask(gate, OPTED_OUT) for gate in gates[1:]} == {"refused"}


def test_a_wish_in_both_generations_counts_with_all_that_it_says() -> None:
    DynamoSuppressions(TABLE, OLD).suppress(ANN, MARKETING, "form", NOW)
    key_rotation.begin(TABLE, OLD, NEW)
    DynamoSuppressions(TABLE, NEW).suppress(ANN, EVERYTHING, "link", NOW + 1)
    DynamoSuppressions(TABLE, NEW).suppress(ANN, MARKETING, "link", NOW + 1)
    assert DynamoSuppressions(TABLE, NEW).scopes_of([ANN])[ANN] == {MARKETING, EVERYTHING}
    key_rotation.finish(TABLE, NEW)
    assert DynamoSuppressions(TABLE, NEW).scopes_of([ANN])[ANN] == {MARKETING, EVERYTHING}
    assert items()[NEW.suppression_ids(ANN)[1]]["marketing"]["M"]["reason"] == {"S": "form"}, "the first reason stays"


def test_a_link_in_an_old_mail_works_at_every_step() -> None:
    token = make_opt_out_token(OLD, ANN, MARKETING)
    steps: list[Callable[[], Any]] = [
        lambda: key_rotation.begin(TABLE, OLD, NEW),
        lambda: key_rotation.rewrite(TABLE, NEW),
        lambda: key_rotation.finish(TABLE, NEW),
    ]
    for step in steps:
        step()
        subject, scope = read_opt_out_token(NEW, token)
        DynamoSuppressions(TABLE, NEW).suppress(subject, scope, "link", NOW)
        assert ask(DynamoSuppressions(TABLE, NEW), [ANN]) == "refused"


# ---------------------------------------------------------------- make rotate-key


class Stack:
    """CloudFormation and Lambda, as far as they are asked about the stack's functions."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  # boto's own
        assert StackName == "kept"
        outputs = {"SuppressionsTable": TABLE, "HashKeySecret": "hash-key"}
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]}]}

    def get_paginator(self, operation: str) -> Stack:
        assert operation == "list_stack_resources"
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:  # noqa: N803
        assert StackName == "kept"
        functions = [("AWS::Lambda::Function", each["FunctionName"]) for each in self.deployment.functions]
        listed = [
            {"ResourceType": kind, "PhysicalResourceId": name} for kind, name in [*functions, ("AWS::SNS::Topic", "t")]
        ]
        return [{"StackResourceSummaries": listed[:2]}, {"StackResourceSummaries": listed[2:]}]

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        (found,) = (each for each in self.deployment.functions if each["FunctionName"] == FunctionName)
        return found


@cache
def secrets() -> Any:
    return boto3.client("secretsmanager")


class Deployment:
    """A stack whose key is rotated: the secret, and functions that may be behind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.secrets = secrets()
        self.secrets.create_secret(Name="hash-key", SecretString="k" * 64)
        self.waited: list[float] = []
        self.deploy()
        stack = Stack(self)
        clients = {"secretsmanager": self.secrets, "cloudformation": stack, "lambda": stack}
        monkeypatch.setattr(rotate_key.boto3, "client", clients.__getitem__)
        monkeypatch.setattr(rotate_key.time, "sleep", self.waited.append)

    @property
    def keys(self) -> Keys:
        return Keys(self.secrets.get_secret_value(SecretId="hash-key")["SecretString"])

    def deploy(self, ago: int = 0) -> None:
        """With KeyGeneration raised: all functions have the check value of the newest key."""
        modified = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago)).isoformat()
        self.functions: list[dict[str, Any]] = [
            {
                "FunctionName": name,
                "LastModified": modified,
                "Environment": {"Variables": {"KEY_CHECK": self.keys.check_values()[-1]}},
            }
            for name in ("opt_out", "permissions")
        ]
        self.functions.append({"FunctionName": "ledger", "LastModified": modified})  # has no use for the key

    def rotate(self) -> int:
        return rotate_key.rotate({"SuppressionsTable": TABLE, "HashKeySecret": "hash-key"}, "kept")


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    return Deployment(monkeypatch)


def test_a_rotation_is_two_runs_with_a_deploy_between(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployment.rotate() == 0
    assert "deploy with KeyGeneration=2" in capsys.readouterr().out
    assert deployment.keys.generation == 2
    assert ask(DynamoSuppressions(TABLE, deployment.keys), OPTED_OUT) == "refused"
    deployment.deploy()
    assert deployment.rotate() == 0
    assert f"{len(OPTED_OUT)} suppressions" in capsys.readouterr().out
    assert len(items()) == len(OPTED_OUT) + 1
    assert ask(DynamoSuppressions(TABLE, deployment.keys), OPTED_OUT) == "refused"
    assert deployment.keys.subject_id("ann@example.com") == ANN, "people would be other people"


def test_it_does_not_end_before_every_function_has_the_new_key(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.rotate()
    for not_ready in ({}, {"LastUpdateStatus": "InProgress"}):
        if not_ready:
            deployment.deploy()
            deployment.functions[0] |= not_ready
        assert deployment.rotate() == 1
        told = capsys.readouterr().err
        assert "opt_out" in told
        assert "Deploy with KeyGeneration=2" in told
        assert "ledger" not in told
        assert deployment.keys.generation == 2, "another key was made"
        assert len(items()) == 2 * len(OPTED_OUT) + 1, "what an older process may still write would be lost"


def test_no_link_is_made_with_the_new_key_before_every_function_knows_it(deployment: Deployment) -> None:
    """A process that lives since before the rotation would not know the link as ours, and the wish would be lost."""
    before = deployment.keys
    deployment.rotate()
    link = make_opt_out_token(deployment.keys, ANN, MARKETING)
    assert read_opt_out_token(before, link) == (ANN, MARKETING)
    deployment.deploy()
    during = deployment.keys
    deployment.rotate()
    later = make_opt_out_token(deployment.keys, ANN, MARKETING)
    assert read_opt_out_token(during, later) == read_opt_out_token(deployment.keys, link) == (ANN, MARKETING)
    with pytest.raises(NotFoundError):
        read_opt_out_token(before, later)


def test_it_waits_until_no_older_process_can_be_writing(deployment: Deployment) -> None:
    deployment.rotate()
    deployment.deploy(ago=30)
    deployment.rotate()
    (waited,) = deployment.waited
    assert rotate_key.LONGEST_INVOCATION - 32 <= waited <= rotate_key.LONGEST_INVOCATION


def test_what_lay_under_the_older_key_is_removed_saying_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger follows the suppressions: one that goes without a reason is taken for somebody's unknown hand."""
    key_rotation.begin(TABLE, OLD, NEW)
    delete = dynamodb().delete_item
    reasons: list[Any] = []

    def seen(**request: Any) -> Any:
        reasons.append(dynamodb().get_item(TableName=TABLE, Key=request["Key"])["Item"]["discard_reason"]["S"])
        found = DynamoSuppressions(TABLE, NEW).scopes_of(OPTED_OUT)
        assert all(scopes == {MARKETING} for scopes in found.values()), "a reason is no scope"
        return delete(**request)

    monkeypatch.setattr(dynamodb(), "delete_item", seen)
    key_rotation.finish(TABLE, NEW)
    assert reasons == ["rotated"] * len(OPTED_OUT)
    assert not [item for item in items().values() if "discard_reason" in item]


def test_no_function_that_writes_suppressions_runs_longer_than_it_waits() -> None:
    template = (ROOT / "infra/template.yaml").read_text(encoding="utf-8")
    timeouts = [
        each["Properties"].get("Timeout", 10)
        for name, each in resources().items()
        if each["Type"] == "AWS::Serverless::Function" and may_write_suppressions(name, template)
    ]
    assert len(timeouts) >= 4, "which are they?"
    assert max(timeouts) <= rotate_key.LONGEST_INVOCATION


def may_write_suppressions(function: str, template: str) -> bool:
    """Whether the role of a function lets it write into the table."""
    role = re.search(
        rf"^  {function.removesuffix('Function')}Role:\n(.*?)(?=^  \w)", template, re.DOTALL | re.MULTILINE
    )
    assert role, function
    writes = r"Action: [^\n]*(?:Update|Put)Item[^\n]*\n +Resource: \*SuppressionsArn"
    return re.search(writes, role[1]) is not None


class Crash:
    """Stops before the n-th write to AWS; then never again."""

    def __init__(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        for client, name in (
            (dynamodb(), "update_item"),
            (dynamodb(), "delete_item"),
            (deployment.secrets, "put_secret_value"),
        ):
            monkeypatch.setattr(client, name, self.around(getattr(client, name)))

    def around(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.left -= 1
            if self.left == -1:
                raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
            return operation(**request)

        return call


# begin, the secret, and a rewrite for each person; then the secret, for each once more a rewrite and a delete, the end
@pytest.mark.parametrize("at", range(2 + 1 + 3 * len(OPTED_OUT) + 1))
def test_a_crash_at_any_write_loses_nobody_and_running_it_again_ends_the_same_rotation(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    Crash(deployment, monkeypatch, at)
    crashes = 0
    for _ in range(4):
        try:
            ended = deployment.rotate() == 0 and "rotating_from" not in items()[KEY_CHECK["pk"]["B"]]
        except (KeptError, BotoCoreError):
            crashes, ended = crashes + 1, False
        possible = {"refused"} if deployment.keys.generation == 2 else {"refused", "unknown"}
        assert ask(DynamoSuppressions(TABLE, deployment.keys), OPTED_OUT) in possible
        if ended:
            break
        deployment.deploy()
    assert crashes == 1
    assert deployment.keys.generation == 2, "a second rotation was begun"
    assert ask(DynamoSuppressions(TABLE, deployment.keys), OPTED_OUT) == "refused"
    assert len(items()) == len(OPTED_OUT) + 1, "something was left under the older key"
    with pytest.raises(NotFoundError):
        read_opt_out_token(OLD, make_opt_out_token(deployment.keys, ANN, MARKETING))


def test_the_stack_says_where_its_table_secret_and_functions_are(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rotate_key.main("kept") == 0
    assert rotate_key.main("kept") == 1
    told = capsys.readouterr().err
    assert "opt_out, permissions." in told
    deployment.deploy()
    assert rotate_key.main("kept") == 0
    assert ask(DynamoSuppressions(TABLE, deployment.keys), OPTED_OUT) == "refused"


def test_a_table_under_another_key_is_left_alone_and_the_command_says_so(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.secrets.put_secret_value(SecretId="hash-key", SecretString="j" * 64)
    before = items()
    assert rotate_key.main("kept") == 1
    assert "another hash key" in capsys.readouterr().err
    assert items() == before
    assert deployment.keys.generation == 1


def test_what_is_lifted_while_a_key_is_rotated_stays_lifted() -> None:
    """Whenever its owner lifts it: before the rewriting, between, and after the end."""
    for step in range(3):
        table = f"lifted-{step}"
        create_table(dynamodb(), "SuppressionsTable", table)
        before, after = DynamoSuppressions(table, OLD), DynamoSuppressions(table, NEW)
        before.agree_on_key()
        before.suppress(ANN, MARKETING, "form", NOW)
        before.suppress(ANN, EVERYTHING, "link", NOW)
        key_rotation.begin(table, OLD, NEW)
        if step == 0:
            after.lift(ANN, [MARKETING])
        key_rotation.rewrite(table, NEW)
        assert set(after.of(ANN)) >= {EVERYTHING}
        if step == 1:
            after.lift(ANN, [MARKETING])
        key_rotation.finish(table, NEW)
        if step == 2:
            after.lift(ANN, [MARKETING])
        assert set(after.of(ANN)) == {EVERYTHING}, f"brought back, lifted at step {step}"
