"""The data map is complete: a store or a kind of record that it lacks fails here, before anything can lie there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from kept.domain.data_map import KINDS, LONGEST_QUEUE, STORES, last_copy_gone_at
from kept.entry import words
from tests.conftest import ROOT
from tests.template import resources

pytestmark = pytest.mark.promise("access-on-request")

CODE = sorted(path for folder in ("functions", "layers/kept/python") for path in (ROOT / folder).glob("**/*.py"))
TEMPLATE = (ROOT / "infra/template.yaml").read_text(encoding="utf-8")

# Modules whose sort keys are not of the table of people: the map itself, and the ledger's own table.
NOT_OF_PEOPLE = {"data_map.py", "ledger.py", "ledger_days.py"}

# Types of resources that hold data, and those that cannot: a type that is in neither needs somebody to think.
HOLD = {
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
}
HOLD_NOTHING = {
    "AWS::CloudWatch::Alarm",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::IAM::Role",
    "AWS::S3::BucketPolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::EmailIdentity",
    "AWS::SES::ReceiptRule",
    "AWS::SES::ReceiptRuleSet",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::LayerVersion",
    "Custom::ActiveReceiptRuleSet",
    "Custom::DeploymentCheck",
}

# Fideslang's data categories, as far as they are about people who deal with a shop (IABTechLab/fideslang, 2.x).
FIDESLANG = {
    "system.authentication",
    "system.operations",
    "user.account",
    "user.account.settings",
    "user.authorization.credentials",
    "user.behavior.purchase_history",
    "user.contact.address",
    "user.contact.email",
    "user.contact.phone_number",
    "user.content.private",
    "user.demographic.language",
    "user.id.pseudonymous",
    "user.name",
    "user.privacy_preferences",
}


def stores_of_the_template() -> set[str]:
    """Every store by its logical id, and a bucket by the prefixes that its roles name."""
    found = {name for name, resource in resources().items() if resource["Type"] in HOLD}
    for name in [name for name in found if resources()[name]["Type"] == "AWS::S3::Bucket"]:
        prefixes = set(re.findall(rf"\$\{{{name}\.Arn\}}/([\w./-]+/)", TEMPLATE))
        found |= {name + "/" + prefix for prefix in prefixes} or {name + "/"}
        found.remove(name)
    return {"*Log" if name.endswith("Log") else name for name in found}


def kinds_in(path: Path) -> set[str]:
    """Every prefix of a sort key that a module's text constants begin with: `order#`, `f"answer#{kind}"`."""
    constants = (node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if _is_text(node))
    return {found[1] for text in constants if (found := re.match(r"([a-z][a-z-]*)#", text))}


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_type_of_resource_is_known_to_hold_data_or_not() -> None:
    types = {resource["Type"] for resource in resources().values()}
    assert types <= HOLD | HOLD_NOTHING, "say above whether it holds data"


def test_the_map_has_every_store_of_the_template_and_no_other() -> None:
    assert stores_of_the_template() == set(STORES)


def test_a_store_is_in_the_package_or_the_map_says_why_not() -> None:
    for name, store in STORES.items():
        assert bool(store.section) != bool(store.because), name
        assert store.categories, name
        assert store.retention, name


def test_a_queue_keeps_its_messages_as_long_as_the_map_says() -> None:
    for name, resource in resources().items():
        if resource["Type"] == "AWS::SQS::Queue":
            assert STORES[name].seconds == resource["Properties"]["MessageRetentionPeriod"], name


def test_the_map_has_every_kind_of_record_that_is_written_anywhere() -> None:
    written = {kind: path.name for path in CODE if path.name not in NOT_OF_PEOPLE for kind in kinds_in(path)}
    assert {"message", "order", "session", "link", "link-place", "answer", "export"} <= set(written), (
        "the search is blind"
    )
    lacking = {kind: module for kind, module in written.items() if kind not in KINDS}
    assert not lacking, "a kind of record that nobody would see in their package"
    assert set(KINDS) <= set(written), "a kind that nothing writes"


def test_categories_are_fideslangs_and_a_record_has_none_that_its_store_lacks() -> None:
    used = {category for each in (*STORES.values(), *KINDS.values()) for category in each.categories}
    assert used <= FIDESLANG
    of_kinds = {category for kind in KINDS.values() for category in kind.categories} - {"system.operations"}
    assert of_kinds <= set(STORES["SubjectsTable"].categories)


def test_the_page_has_words_for_every_kind_and_store() -> None:
    assert {name for name, store in STORES.items() if store.section} <= set(words.STORES)
    assert set(KINDS) == set(words.RECORDS)
    assert {"records", "phone_numbers", "suppressions", "ledger"} <= set(words.PACKAGE)


@pytest.mark.promise("review-then-discard")
def test_the_last_copy_is_gone_when_backups_and_queues_have_forgotten() -> None:
    assert LONGEST_QUEUE == 14 * 86400
    assert last_copy_gone_at(1000, 7) == 1000 + 14 * 86400, "a dead-letter queue keeps longer than the backup"
    assert last_copy_gone_at(1000, 35) == 1000 + 35 * 86400
