"""No mail, no text message and no call leaves this system without the gate: there is one door, and it asks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.template import resources

pytestmark = pytest.mark.promise("email-opt-out")

KEPT = ROOT / "layers/kept/python/kept"
DOOR = KEPT / "adapters/ses.py"
SOURCES = sorted(
    path
    for folder, pattern in ((KEPT, "**/*.py"), (ROOT / "functions", "**/*.py"), (ROOT / "infra", "*.py"))
    for path in folder.glob(pattern)
) + sorted((ROOT / "infra/build").glob("**/*.py"))

CONTACT = {
    "ses",
    "sesv2",
    "sns",
    "pinpoint",
    "pinpoint-email",
    "pinpoint-sms-voice",
    "pinpoint-sms-voice-v2",
    "connect",
}
"""AWS's services by which somebody could be written to or called."""

SENDS = ("send_email", "send_raw_email", "send_bulk", "send_templated_email", "send_custom", "send_bounce", "sendmail")
MAIL_LIBRARIES = {"smtplib", "aiosmtplib", "imaplib", "poplib"}
MAKE_A_CLIENT = {"client", "create_client", "resource"}


def name_of(call: ast.Call) -> str:
    """The last part of what is called: `b` for `a.b()`."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def ways_out(source: str) -> Iterator[str]:
    """What in a module could contact somebody, or make what could."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"imports {module}" for module in modules if module.partition(".")[0] in MAIL_LIBRARIES)
        if isinstance(node, ast.Attribute) and node.attr.startswith(SENDS):
            yield f"uses {node.attr}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(SENDS):
            yield f"names {node.value}"
        if isinstance(node, ast.Call) and name_of(node) in MAKE_A_CLIENT:
            given = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "service_name")]
            for service in given:
                if not isinstance(service, ast.Constant):
                    yield "makes a client of a service that is not named there"
                elif service.value in CONTACT:
                    yield f"makes a client of {service.value}"


def test_only_one_module_can_send_anything() -> None:
    assert len(SOURCES) > 60, "the sources are elsewhere"
    found = {path.relative_to(ROOT): sorted(set(ways_out(path.read_text(encoding="utf-8")))) for path in SOURCES}
    assert {str(path): ways for path, ways in found.items() if ways} == {
        "layers/kept/python/kept/adapters/ses.py": [
            "makes a client of ses",
            "makes a client of sesv2",
            "uses send_raw_email",
        ],
        "layers/kept/python/kept/adapters/aws.py": ["makes a client of a service that is not named there"],
    }, "mail could be sent past the gate"


@pytest.mark.parametrize(
    "source",
    [
        "aws.client('ses')",
        "boto3.client('sesv2')",
        "session().create_client(service_name='ses')",
        "from boto3 import client\nclient('pinpoint-sms-voice-v2')",
        "boto3.resource('sns')",
        "name = 'ses'\naws.client(name)",
        "aws.client('s' + 'es')",
        "def f(client):\n    client.send_email()",
        "getattr(client, 'send_raw_email')()",
        "import smtplib",
        "from smtplib import SMTP",
    ],
)
def test_each_of_these_ways_would_be_found(source: str) -> None:
    assert list(ways_out(source))


def statements_with(statements: list[ast.stmt], attribute: str) -> list[int]:
    """The places of the statements that use an attribute."""
    return [
        place
        for place, statement in enumerate(statements)
        if any(isinstance(node, ast.Attribute) and node.attr.startswith(attribute) for node in ast.walk(statement))
    ]


def test_in_it_every_sending_asks_the_gate_first_and_stops_unless_it_allows() -> None:
    functions = [n for n in ast.walk(ast.parse(DOOR.read_text())) if isinstance(n, ast.FunctionDef)]
    sending = [function for function in functions if statements_with(function.body, "send_")]
    assert [function.name for function in sending] == ["send"]
    (send,) = sending
    (asks, *_), (sends, *_) = statements_with(send.body, "_gate"), statements_with(send.body, "send_")
    stops = [
        place
        for place, statement in enumerate(send.body)
        if isinstance(statement, ast.If)
        and ast.unparse(statement.test) == "not permission.allowed"
        and isinstance(statement.body[-1], ast.Raise)
    ]
    assert ast.unparse(send.body[asks]).startswith("permission = self._gate(Check('email', answer.to, answer.purpose")
    assert asks < stops[0] < sends, "a mail goes out before the gate has answered"


def test_the_client_of_ses_does_not_leave_that_module() -> None:
    tree = ast.parse(DOOR.read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and "client" in node.id}
    assert names == {"_client"}, "what is not private could be imported"
    for path in SOURCES:
        assert path == DOOR or "ses._client" not in path.read_text(encoding="utf-8"), path


def test_whoever_gets_an_outbox_gets_the_one_with_the_gate() -> None:
    """`SesOutbox` is put together in one place; the import contract says the same of the layer."""
    users = [path.relative_to(ROOT) for path in SOURCES if "SesOutbox(" in path.read_text(encoding="utf-8")]
    assert users == [Path("layers/kept/python/kept/entry/wiring.py")]


def sending_actions(role: dict[str, object]) -> set[str]:
    found: set[str] = set()
    for policy in role["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            found |= {a for a in actions if a.startswith(("ses:Send", "sns:Publish", "sms-voice:", "mobiletargeting:"))}
    return found


@pytest.mark.promise("security-measures")
def test_only_the_functions_that_answer_people_have_the_right_to_send() -> None:
    roles = {name: each for name, each in resources().items() if each["Type"] == "AWS::IAM::Role"}
    may = {name: sending_actions(role) for name, role in roles.items() if sending_actions(role)}
    assert may == {name: {"ses:SendRawEmail"} for name in ("InboundEmailRole", "MailingRole")}
