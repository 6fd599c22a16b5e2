"""POST /permissions: whoever is about to contact people asks, and gets an answer for each, or none on a guess."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from kept.adapters.dynamo import key_rotation
from kept.adapters.dynamo.suppressions import KEY_CHECK
from kept.app.ports.mail import OutgoingMail
from kept.domain.errors import NotAllowedError
from kept.domain.identity import Keys
from kept.domain.opt_out_token import make_opt_out_token
from kept.domain.suppression import EVERYTHING, MARKETING, Scope, list_scope
from kept.entry import wiring
from tests.integration.conftest import SECRET, Answer, Stack, client, counts, service

MAY_ASK = service("kept/permissions")
MARKETING_TO_ANN = {"channel": "email", "address": "ann@example.com", "purpose": "marketing"}
ORDER = {"email": "ann@example.com", "placed_online": True, "phone": "+44 20 7946 0958", "postal_address": "1 Nile St"}


def ask(stack: Stack, *checks: dict[str, Any], **options: Any) -> Answer:
    return stack.request("permissions", "POST", "/permissions", json_body={"checks": checks}, claims=MAY_ASK, **options)


def decisions(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    assert all(result["allowed"] is (result["decision"] == "allowed") for result in answer.json["results"])
    return [result["decision"] for result in answer.json["results"]]


def opt_out(stack: Stack, address: str, scope: Scope = MARKETING) -> None:
    """As the person does, with a link of ours."""
    token = make_opt_out_token(stack.keys, stack.keys.subject_id(address), scope)
    assert stack.request("opt_out", "POST", f"/opt-outs/{token}").status == 200


# ---------------------------------------------------------------- who may ask


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    "claims",
    [
        None,
        {},
        service("kept/orders"),
        service("kept/permissions2"),
        service("xkept/permissions"),
        service(""),
        {"token_use": "id", "scope": "kept/permissions"},
        {"scope": "kept/permissions"},
        {"token_use": "access", "cognito:groups": "[staff]"},
    ],
)
def test_only_a_system_of_the_shops_with_this_scope_may_ask(stack: Stack, claims: dict[str, Any] | None) -> None:
    """Anyone else could find out who has opted out."""
    answer = stack.request(
        "permissions", "POST", "/permissions", json_body={"checks": [MARKETING_TO_ANN]}, claims=claims
    )
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "results" not in answer.json


def test_one_of_several_scopes_is_enough(stack: Stack) -> None:
    claims = service("kept/orders kept/permissions")
    answer = stack.request(
        "permissions", "POST", "/permissions", json_body={"checks": [MARKETING_TO_ANN]}, claims=claims
    )
    assert answer.status == 200


# ---------------------------------------------------------------- what is answered


@pytest.mark.promise("email-opt-out")
def test_marketing_is_allowed_until_the_person_opts_out_and_refused_from_that_moment(stack: Stack) -> None:
    assert decisions(ask(stack, MARKETING_TO_ANN)) == ["allowed"]
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "Ann@Example.com"})
    answer = ask(stack, MARKETING_TO_ANN)
    assert decisions(answer) == ["refused"]
    (result,) = answer.json["results"]
    assert result["promise"] == "email-opt-out"
    assert result["reason"] == "The person asked not to get marketing email."


@pytest.mark.promise("email-opt-out")
def test_the_headers_of_an_allowed_mail_are_ready_and_their_link_stops_it(stack: Stack) -> None:
    newsletter = MARKETING_TO_ANN | {"list": "newsletter"}
    (result,) = ask(stack, newsletter).json["results"]
    assert result["headers"].keys() == {"List-Unsubscribe", "List-Unsubscribe-Post"}
    link = re.match(
        r"<https://privacy\.example\.com(/opt-outs/\w{48})>, <mailto:", result["headers"]["List-Unsubscribe"]
    )
    assert link, result["headers"]
    body = result["headers"]["List-Unsubscribe-Post"]
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert stack.request("opt_out", "POST", link[1], body=body, headers=form).status == 200
    assert decisions(ask(stack, newsletter, MARKETING_TO_ANN)) == ["refused", "allowed"], "only the list was left"


@pytest.mark.promise("email-opt-out")
def test_only_allowed_marketing_gets_headers(stack: Stack) -> None:
    opt_out(stack, "bob@example.org")
    answer = ask(
        stack,
        MARKETING_TO_ANN,
        MARKETING_TO_ANN | {"purpose": "receipt"},
        MARKETING_TO_ANN | {"purpose": "answer"},
        MARKETING_TO_ANN | {"address": "bob@example.org"},
        {"channel": "post", "address": "ann@example.com", "purpose": "catalogue"},
    )
    assert ["headers" in result for result in answer.json["results"]] == [True, False, False, False, False]


@pytest.mark.promise("email-opt-out")
def test_a_thousand_checks_are_answered_in_their_order(stack: Stack) -> None:
    for number in range(0, 1000, 100):
        opt_out(stack, f"person{number}@example.com", EVERYTHING)
    checks = [MARKETING_TO_ANN | {"address": f"person{number}@example.com"} for number in range(1000)]
    expected = ["allowed"] * 1000
    expected[::100] = ["refused"] * 10
    assert decisions(ask(stack, *checks)) == expected


@pytest.mark.promise("email-opt-out")
def test_different_questions_about_the_same_people_are_answered_each_by_itself(stack: Stack) -> None:
    opt_out(stack, "ann@example.com", list_scope(1))
    opt_out(stack, "bob@example.org", EVERYTHING)
    order_id = "A-1"
    body = ORDER | {"placed_at": now_as_iso()}
    stack.request("orders", "PUT", f"/orders/{order_id}", json_body=body, claims=service("kept/orders"))
    asked = [
        (MARKETING_TO_ANN | {"list": "newsletter"}, "refused", "email-opt-out"),
        (MARKETING_TO_ANN | {"list": "offers"}, "allowed", "email-opt-out"),
        (MARKETING_TO_ANN | {"address": "BOB@EXAMPLE.ORG", "purpose": "receipt"}, "refused", "email-opt-out"),
        (MARKETING_TO_ANN | {"address": "bob@example.org", "purpose": "answer"}, "allowed", "email-opt-out"),
        (MARKETING_TO_ANN | {"purpose": "advertising"}, "refused", "no-ad-partners"),
        (call("+442079460958", order_id), "allowed", "phone-for-orders"),
        (call("0044 20 7946 0958", order_id), "allowed", "phone-for-orders"),
        (call("+442079460958", "A-2"), "refused", "phone-for-orders"),
        (call("+442079460958", order_id) | {"purpose": "marketing"}, "refused", "phone-for-orders"),
        (call("+12025550123", order_id), "refused", "phone-for-orders"),
        (letter(order_id, "order_delivery"), "allowed", "post-as-supplied"),
        (letter(order_id, "catalogue"), "refused", "post-as-supplied"),
        (letter(order_id, "order_delivery") | {"address": "bob@example.org"}, "refused", "post-as-supplied"),
    ]
    answer = ask(stack, *(check for check, *_ in asked))
    got = [(result["decision"], result["promise"]) for result in answer.json["results"]]
    assert got == [(decision, promise) for _, decision, promise in asked]


def now_as_iso() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


def call(number: str, order_id: str) -> dict[str, Any]:
    return {"channel": "phone", "address": number, "purpose": "order_update", "order_id": order_id}


def letter(order_id: str, purpose: str) -> dict[str, Any]:
    return {"channel": "post", "address": "ann@example.com", "purpose": purpose, "order_id": order_id}


@pytest.mark.promise("post-as-supplied")
def test_an_address_from_the_contact_form_is_for_what_was_ticked_there(stack: Stack) -> None:
    given = {"text": "1 Nile Street", "purposes": ["catalogue"]}
    body = {"email": "ann@example.com", "message": "Please send me one", "postal_address": given}
    assert stack.request("contact_intake", "POST", "/contacts", json_body=body).status == 201
    (record,) = stack.records()
    held = {"address_id": record["sk"]["S"].replace("#", "-")}
    answer = ask(
        stack,
        {"channel": "post", "address": "Ann@example.com", "purpose": "catalogue"} | held,
        {"channel": "post", "address": "ann@example.com", "purpose": "answer"} | held,
        {"channel": "post", "address": "bob@example.org", "purpose": "catalogue"} | held,
    )
    assert decisions(answer) == ["allowed", "refused", "refused"]


# ---------------------------------------------------------------- what is not answered

BAD: dict[str, tuple[Any, int, str]] = {
    "no checks": ({"checks": []}, 422, "/checks"),
    "1,001 checks": ({"checks": [MARKETING_TO_ANN] * 1001}, 422, "/checks"),
    "a channel that does not exist": ({"checks": [MARKETING_TO_ANN | {"channel": "sms"}]}, 422, "/checks/0/channel"),
    "no address": ({"checks": [{"channel": "email", "purpose": "marketing"}]}, 422, "/checks/0"),
    "an endless address": ({"checks": [MARKETING_TO_ANN | {"address": "a" * 321}]}, 422, "/checks/0/address"),
    "an unknown field": ({"checks": [MARKETING_TO_ANN | {"ann@example.com": 1}]}, 422, "/checks/0"),
    "an address_id of another shape": (
        {"checks": [MARKETING_TO_ANN | {"address_id": "ann@example.com"}]},
        422,
        "/checks/0/address_id",
    ),
    "no object": ([MARKETING_TO_ANN], 422, ""),
}


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_understood_is_refused_whole_and_not_repeated(stack: Stack, case: str) -> None:
    body, status, pointer = BAD[case]
    answer = stack.request("permissions", "POST", "/permissions", json_body=body, claims=MAY_ASK)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json["errors"][0]["pointer"] == pointer
    assert "ann@example.com" not in answer.text


def test_who_sends_a_field_that_a_check_does_not_have_learns_what_it_has(stack: Stack) -> None:
    answer = ask(stack, MARKETING_TO_ANN | {"adress": "ann@example.com"})
    (error,) = answer.json["errors"]
    assert error["detail"].endswith("it knows: channel, address, purpose, list, order_id, address_id")


def test_more_than_a_megabyte_is_refused_and_just_less_is_answered(stack: Stack) -> None:
    check = MARKETING_TO_ANN | {"address": f"{'a' * 240}@example.com", "purpose": "p" * 64, "list": "l" * 64}
    checks = [check | {"order_id": "o" * 128} for _ in range(1000)]
    body = json.dumps({"checks": checks})
    assert len(body) > 500_000
    headers = {"content-type": "application/json"}
    fits, over = (body + " " * (size - len(body)) for size in (1024 * 1024, 1024 * 1024 + 1))
    answers = [
        stack.request("permissions", "POST", "/permissions", body=each, headers=headers, claims=MAY_ASK).status
        for each in (fits, over)
    ]
    assert answers == [200, 413]


def test_a_form_is_not_a_way_to_ask(stack: Stack) -> None:
    answer = stack.request("permissions", "POST", "/permissions", form={"checks[]": "x"}, claims=MAY_ASK)
    assert answer.status == 415


# ---------------------------------------------------------------- what cannot be known

EMAILS = [MARKETING_TO_ANN, MARKETING_TO_ANN | {"purpose": "receipt"}]


@pytest.mark.promise("email-opt-out")
def test_a_table_that_does_not_answer_makes_every_answer_unknown_and_never_allowed(
    stack: Stack, printed: Callable[[], str]
) -> None:
    stack.dynamodb.delete_table(TableName="suppressions")
    answer = ask(stack, *EMAILS, call("+442079460958", "A-1"), MARKETING_TO_ANN | {"purpose": "advertising"})
    assert decisions(answer) == ["unknown", "unknown", "refused", "refused"]
    assert "ask again" in answer.json["results"][0]["reason"]
    assert '"error":"UnavailableError"' in printed(), "nobody is told that the table fails"


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_orders_that_cannot_be_read_allow_no_call_and_no_letter(stack: Stack) -> None:
    stack.dynamodb.delete_table(TableName="subjects")
    answer = ask(stack, call("+442079460958", "A-1"), letter("A-1", "order_delivery"), *EMAILS)
    assert decisions(answer) == ["unknown", "unknown", "allowed", "allowed"]


def another_secret(_: Stack) -> None:
    client("secretsmanager").put_secret_value(SecretId="hash-key", SecretString="another key, of the same length or so")


def no_secret(_: Stack) -> None:
    client("secretsmanager").delete_secret(SecretId="hash-key", ForceDeleteWithoutRecovery=True)


def no_check(stack: Stack) -> None:
    stack.dynamodb.delete_item(TableName="suppressions", Key=KEY_CHECK)


def another_check(stack: Stack) -> None:
    stack.dynamodb.put_item(TableName="suppressions", Item=KEY_CHECK | {"key_check": {"S": "0" * 64}})


def half_rotated(stack: Stack) -> None:
    key_rotation.begin("suppressions", stack.keys, Keys(f"{SECRET}\n{'r' * 64}"))  # and its key is not in the secret


@pytest.mark.promise("email-opt-out")
@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("damage", [another_secret, no_secret, no_check, another_check, half_rotated])
def test_under_a_lost_wrong_or_half_rotated_key_nobody_is_said_to_be_allowed(
    stack: Stack, damage: Callable[[Stack], None]
) -> None:
    opt_out(stack, "ann@example.com")
    wiring.forget_keys()  # a process that starts only now
    damage(stack)
    assert decisions(ask(stack, *EMAILS)) == ["unknown", "unknown"]


@pytest.mark.promise("email-opt-out")
def test_it_is_known_again_as_soon_as_the_right_key_is_back(stack: Stack) -> None:
    opt_out(stack, "ann@example.com")
    wiring.forget_keys()
    another_secret(stack)
    assert decisions(ask(stack, MARKETING_TO_ANN)) == ["unknown"]
    client("secretsmanager").put_secret_value(SecretId="hash-key", SecretString=SECRET)
    assert decisions(ask(stack, MARKETING_TO_ANN)) == ["refused"]


@pytest.mark.promise("email-opt-out")
@pytest.mark.promise("security-measures")
def test_a_process_that_lives_through_a_rotation_goes_on_with_the_new_key(stack: Stack) -> None:
    opt_out(stack, "ann@example.com")
    token = make_opt_out_token(stack.keys, stack.keys.subject_id("bob@example.org"), MARKETING)
    to_bob = MARKETING_TO_ANN | {"address": "bob@example.org"}
    assert decisions(ask(stack, MARKETING_TO_ANN, to_bob)) == ["refused", "allowed"]
    longer = f"{SECRET}\n{'r' * 64}"
    key_rotation.begin("suppressions", stack.keys, Keys(longer))
    assert decisions(ask(stack, MARKETING_TO_ANN, to_bob)) == ["unknown", "unknown"]
    client("secretsmanager").put_secret_value(SecretId="hash-key", SecretString=longer)
    assert decisions(ask(stack, MARKETING_TO_ANN, to_bob)) == ["refused", "allowed"]
    key_rotation.rewrite("suppressions", Keys(longer))
    assert stack.request("opt_out", "POST", f"/opt-outs/{token}").status == 200, "a link in an old mail is broken"
    assert decisions(ask(stack, MARKETING_TO_ANN, to_bob)) == ["refused", "refused"]
    key_rotation.finish("suppressions", Keys(longer))
    assert decisions(ask(stack, MARKETING_TO_ANN, to_bob)) == ["refused", "refused"]
    (result,) = ask(stack, MARKETING_TO_ANN | {"address": "carol@example.net"}).json["results"]
    (made,) = re.findall(r"/opt-outs/(\w{48})", result["headers"]["List-Unsubscribe"])
    assert stack.request("opt_out", "POST", f"/opt-outs/{made}").status == 200


# ---------------------------------------------------------------- what is told of it


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("no-visitor-recognition")
def test_refusals_and_every_use_of_a_number_or_address_are_counted_and_no_address_is_logged(
    stack: Stack, printed: Callable[[], str]
) -> None:
    body = ORDER | {"placed_at": now_as_iso(), "email": "canary.ann@example.com"}
    stack.request("orders", "PUT", "/orders/canary-order", json_body=body, claims=service("kept/orders"))
    opt_out(stack, "canary.bob@example.org")
    printed()
    ask(
        stack,
        *[MARKETING_TO_ANN | {"address": "canary.carol@example.net"}] * 5,
        *[MARKETING_TO_ANN | {"address": "canary.bob@example.org"}] * 3,
        *[call("+442079460958", "canary-order")] * 2,
        call("+12025550123", "canary-order"),
        letter("canary-order", "order_delivery") | {"address": "canary.ann@example.com"},
        letter("canary-order", "catalogue") | {"address": "canary.ann@example.com"},
        MARKETING_TO_ANN | {"address": "canary no address"},
    )
    told = printed()
    assert counts(told, "Permissions") == {
        ("email", "refused"): 4,
        ("phone", "allowed"): 2,
        ("phone", "refused"): 1,
        ("post", "allowed"): 1,
        ("post", "refused"): 1,
    }
    for canary in ("canary", "example", "7946", "5550123"):
        assert canary not in told, "somebody's address is in the log"


@pytest.mark.promise("email-opt-out")
def test_what_is_unknown_is_counted(stack: Stack, printed: Callable[[], str]) -> None:
    stack.dynamodb.delete_table(TableName="suppressions")
    ask(stack, *EMAILS)
    assert counts(printed(), "Permissions") == {("email", "unknown"): 2}


# ---------------------------------------------------------------- opting out outlives everything


@pytest.mark.promise("email-opt-out")
def test_deleting_and_making_anew_every_record_of_a_person_leaves_their_opt_out_in_force(stack: Stack) -> None:
    def records() -> None:
        contact = {"email": "ann@example.com", "message": "Hello"}
        assert stack.request("contact_intake", "POST", "/contacts", json_body=contact).status == 201
        order = ORDER | {"placed_at": now_as_iso()}
        claims = service("kept/orders")
        assert stack.request("orders", "PUT", "/orders/A-1", json_body=order, claims=claims).status == 200

    records()
    opt_out(stack, "ann@example.com")
    before = stack.suppressions()
    for item in stack.records():
        stack.dynamodb.delete_item(TableName="subjects", Key={"pk": item["pk"], "sk": item["sk"]})
    assert stack.records() == []
    assert decisions(ask(stack, MARKETING_TO_ANN)) == ["refused"]
    records()
    assert decisions(ask(stack, MARKETING_TO_ANN)) == ["refused"]
    assert stack.suppressions() == before


# ---------------------------------------------------------------- our own mail


def sent() -> list[str]:
    return [each.raw_data for each in ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages]


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("purpose", ["receipt", "order_update", "marketing", "advertising"])
def test_our_own_mail_is_not_sent_to_who_wants_nothing_at_all(stack: Stack, purpose: str) -> None:
    opt_out(stack, "ann@example.com", EVERYTHING)
    with pytest.raises(NotAllowedError):
        wiring.outbox().send(OutgoingMail("Ann@example.com", purpose, "Your receipt", "Thank you."))
    assert sent() == []


@pytest.mark.promise("access-on-request")
def test_an_answer_to_their_own_request_is_sent_even_then(stack: Stack) -> None:
    opt_out(stack, "ann@example.com", EVERYTHING)
    wiring.outbox().send(OutgoingMail("ann@example.com", "answer", "Your data", "Here is the link."))
    (mail,) = sent()
    assert "Here is the link." in mail


@pytest.mark.promise("email-opt-out")
def test_our_own_mail_is_sent_to_who_did_not_opt_out_of_it(stack: Stack) -> None:
    opt_out(stack, "ann@example.com", MARKETING)
    wiring.outbox().send(OutgoingMail("ann@example.com", "receipt", "Your receipt", "Thank you."))
    assert len(sent()) == 1


@pytest.mark.promise("email-opt-out")
def test_our_own_mail_is_not_sent_while_nobody_can_tell_whether_it_may(stack: Stack) -> None:
    outbox = wiring.outbox()
    stack.dynamodb.delete_table(TableName="suppressions")
    with pytest.raises(NotAllowedError):
        outbox.send(OutgoingMail("ann@example.com", "receipt", "Your receipt", "Thank you."))
    assert sent() == []
