"""Registering, affirming the policy again, preferences and corrections."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest

from kept.adapters import aws
from kept.adapters.clock import now
from kept.domain.account import discard_unless_seen
from kept.domain.policy import load_policy
from kept.entry import wiring
from tests.integration.conftest import Answer, Stack, client, http_event
from tests.integration.people import Person, items_of, mails_to, register, registered, token_in

ANN, BOB = "ann@example.com", "bob@example.com"
ADDRESS = {"text": "1 Nile Street, Cairo", "purposes": ["catalogue"]}
DAY = 86400


def kinds(stack: Stack, address: str) -> set[str]:
    return {item["sk"]["S"].partition("#")[0] for item in items_of(stack, address)}


@pytest.mark.promise("terms-affirmed")
@pytest.mark.parametrize("accepted", [False, None, "yes", 1])
def test_who_does_not_accept_is_not_registered_and_nothing_is_stored(stack: Stack, accepted: Any) -> None:
    body = {"email": ANN, "policy_version": load_policy().version, "accepted": accepted, "name": "Ann"}
    for sent in (body, {name: value for name, value in body.items() if name != "accepted"}):
        answer = stack.request("registrations", "POST", "/registrations", json_body=sent)
        assert answer.status == 422, answer.text
    assert stack.records() == []
    assert "Messages" not in client("sqs").receive_message(QueueUrl=stack.mail_queue)


@pytest.mark.promise("terms-affirmed")
def test_only_the_current_version_can_be_accepted(stack: Stack) -> None:
    assert register(stack, ANN, policy_version="2016-01").status == 409
    assert stack.records() == []


@pytest.mark.promise("terms-affirmed")
def test_a_plain_html_form_registers_with_its_checkbox(stack: Stack) -> None:
    form = {"email": ANN, "policy_version": load_policy().version, "accepted": "true", "on_behalf_of[]": ["My mother"]}
    answer = stack.request("registrations", "POST", "/registrations", form=form)
    assert (answer.status, answer.headers["location"]) == (303, "/thanks/registration")
    unticked = {name: value for name, value in form.items() if name != "accepted"}
    assert stack.request("registrations", "POST", "/registrations", form=unticked).status == 422


@pytest.mark.promise("terms-affirmed")
def test_a_registration_waits_a_day_for_its_link_and_is_no_account_before(stack: Stack) -> None:
    assert register(stack, ANN, name="Ann").status == 202
    (waiting,) = (item for item in items_of(stack, ANN) if item["sk"]["S"].startswith("registration#"))
    assert 0 <= now() + DAY - int(waiting["discard_at"]["N"]) < 5
    link = next(item for item in items_of(stack, ANN) if item["sk"]["S"].startswith("link#"))
    longer = int(link["discard_at"]["N"]) - int(waiting["discard_at"]["N"])
    assert 0 <= longer < 5, "the link lives as long as what it confirms"
    assert "account" not in kinds(stack, ANN)
    assert "24 hours" in mails_to(ANN)[0].get_content()


@pytest.mark.promise("terms-affirmed")
def test_the_link_makes_the_account_with_a_record_of_what_was_affirmed_when_and_for_whom(stack: Stack) -> None:
    person = registered(
        stack,
        ANN,
        name="Ann",
        phone="0100 123 4567",
        postal_address=ADDRESS,
        on_behalf_of=["Her Mother"],
        locale="ar",
    )
    me = person.me()
    account = me["account"]
    assert (account["name"], account["phone"], account["language"]) == ("Ann", "+201001234567", "ar")
    assert account["postal_address"] == {"id": "account-self"} | ADDRESS
    (acceptance,) = account["acceptances"]
    promises = [{"id": p.id, "text": p.text} for p in load_policy().promises]
    text = json.dumps(promises, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert acceptance["text_digest"] == hashlib.sha256(text.encode()).hexdigest(), "anybody can compute it again"
    assert acceptance["version"] == load_policy().version
    assert acceptance["on_behalf_of"] == ["Her Mother"]
    assert me["affirm_again"] is False
    assert "registration" not in kinds(stack, ANN), "nothing is held twice"


@pytest.mark.promise("terms-affirmed")
def test_nobody_registers_somebody_elses_address(stack: Stack) -> None:
    register(stack, ANN, name="Mallory")  # who cannot read Ann's mail
    ann = Person(stack, ANN)  # who asks what is held, and confirms nothing by that
    assert ann.me()["account"] is None
    ann.request("POST", "/me/affirmations", {"policy_version": ann.me()["policy_version"]})
    register(stack, ANN, name="Mallory again")
    again = Person(stack, ANN, token_in(mails_to(ANN)[-1]))
    assert "name" not in again.me()["account"], "what a stranger typed came into the account of the owner"


@pytest.mark.promise("terms-affirmed")
def test_who_never_uses_the_link_is_forgotten(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    register(stack, ANN)
    token = token_in(mails_to(ANN)[0])
    later = now() + DAY + 1
    accounts = stack.function("account")
    monkeypatch.setattr(accounts, "now", lambda: later)
    event = http_event("POST", "/sessions", json.dumps({"token": token}), {"content-type": "application/json"})
    assert Answer(accounts.handler(event, stack.context)).status == 404
    assert "account" not in kinds(stack, ANN)


def with_policy(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    changed = msgspec.structs.replace(load_policy(), **changes)
    wiring.policy.cache_clear()
    monkeypatch.setattr("kept.domain.policy.load_policy", lambda: changed)


@pytest.mark.promise("terms-affirmed")
def test_a_new_version_asks_again_and_going_on_is_recorded(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    person = registered(stack, ANN)
    with_policy(monkeypatch, version="2027-01")
    assert person.me()["affirm_again"] is True
    assert person.request("POST", "/me/affirmations", {"policy_version": "2017-06"}).status == 409
    answer = person.request("POST", "/me/affirmations", {"policy_version": "2027-01", "on_behalf_of": ["Her Son"]})
    assert answer.status == 201
    assert answer.json["affirm_again"] is False
    versions = [(each["version"], each["on_behalf_of"]) for each in answer.json["account"]["acceptances"]]
    assert versions == [("2017-06", []), ("2027-01", ["Her Son"])], "what was affirmed before stays on record"


@pytest.mark.promise("terms-affirmed")
def test_affirming_the_same_again_adds_nothing(stack: Stack) -> None:
    person = registered(stack, ANN)
    for _ in range(2):
        person.request("POST", "/me/affirmations", {"policy_version": load_policy().version})
    assert len(person.me()["account"]["acceptances"]) == 1


@pytest.mark.promise("review-then-discard")
def test_an_account_nobody_signs_in_to_goes_and_signing_in_moves_that_on_with_its_reason(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(stack, ANN)
    policy = load_policy().account

    def stored() -> dict[str, Any]:
        return next(item for item in items_of(stack, ANN) if item["sk"]["S"] == "account#self")

    assert abs(int(stored()["discard_at"]["N"]) - now() - policy.inactive_after) < 5
    later = now() + 100 * DAY
    monkeypatch.setattr("kept.adapters.clock.now", lambda: later)
    monkeypatch.setattr("kept.entry.access.now", lambda: later)
    Person(stack, ANN)
    assert int(stored()["discard_at"]["N"]) == later + policy.inactive_after
    assert stored()["date_moved"]["M"] == {"reason": {"S": "signed-in"}, "at": {"N": str(later)}}
    last = int(stored()["registered_at"]["N"]) + policy.hard_maximum
    assert discard_unless_seen(last - policy.hard_maximum, last - DAY, load_policy()) == last, (
        "no sign-in goes past that"
    )


# ---------------------------------------------------------------- preferences


class SesList:
    """SES's own suppression list of the account, which moto does not have."""

    class exceptions:  # noqa: N801  # as botocore calls it
        class NotFoundException(Exception):  # noqa: N818  # as botocore calls it
            pass

    def __init__(self) -> None:
        self.addresses: set[str] = set()

    def delete_suppressed_destination(self, EmailAddress: str) -> None:  # noqa: N803  # as botocore calls it
        if EmailAddress not in self.addresses:
            raise self.exceptions.NotFoundException
        self.addresses.remove(EmailAddress)


@pytest.fixture
def ses_list(monkeypatch: pytest.MonkeyPatch) -> SesList:
    """SES's own list; nothing else is another client."""
    made, real = SesList(), aws.client
    monkeypatch.setattr(aws, "client", lambda service: made if service == "sesv2" else real(service))
    return made


@pytest.mark.promise("email-opt-out")
def test_a_person_chooses_what_not_to_get_by_scope_and_only_they_can_take_that_back(
    stack: Stack, ses_list: SesList
) -> None:
    assert ses_list.addresses == set()
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": ANN})
    person = Person(stack, ANN)
    assert [(o["scope"], o["reason"]) for o in person.me()["opt_outs"]] == [("marketing", "form")]
    wishes = {"marketing": False, "everything": True, "lists": {"newsletter": True}}
    answer = person.request("PUT", "/me/preferences", {"opt_outs": wishes})
    assert answer.status == 200, answer.text
    assert {(o["scope"], o.get("list"), o["reason"]) for o in answer.json["opt_outs"]} == {
        ("everything", None, "session"),
        ("list-1", "newsletter", "session"),
    }
    gone = person.request("PUT", "/me/preferences", {"opt_outs": {"everything": False, "lists": {"newsletter": False}}})
    assert gone.json["opt_outs"] == []
    assert not stack.suppressed(ANN)


@pytest.mark.promise("email-opt-out")
def test_who_wants_mail_again_is_taken_off_the_list_that_ses_keeps_too(stack: Stack, ses_list: SesList) -> None:
    person = Person(stack, ANN)
    ses_list.addresses = {ANN, BOB}
    assert person.request("PUT", "/me/preferences", {"opt_outs": {"marketing": True}}).status == 200
    assert ANN in ses_list.addresses, "opting out is no reason to touch it"
    for _ in range(2):
        assert person.request("PUT", "/me/preferences", {"opt_outs": {"marketing": False}}).status == 200
    assert ses_list.addresses == {BOB}


@pytest.mark.promise("post-as-supplied")
def test_the_accounts_postal_address_is_for_what_the_person_says_from_then_on(stack: Stack) -> None:
    person = registered(stack, ANN, postal_address=ADDRESS)
    check = {"channel": "post", "address": ANN, "address_id": "account-self", "purpose": "catalogue"}
    claims = {"token_use": "access", "client_id": "shop", "scope": "kept/permissions"}

    def allowed() -> bool:
        answer = stack.request("permissions", "POST", "/permissions", json_body={"checks": [check]}, claims=claims)
        found: bool = answer.json["results"][0]["allowed"]
        return found

    assert allowed()
    assert person.request("PUT", "/me/preferences", {"postal_purposes": ["answer"]}).status == 200
    assert not allowed()
    assert person.request("PUT", "/me/preferences", {"postal_purposes": ["advertising"]}).status == 422


@pytest.mark.parametrize(
    "body",
    [
        {"opt_outs": {"lists": {"no-such-list": True}}},
        {"opt_outs": {"marketing": "yes"}},
        {"opt_outs": {"phone": True}},
        {"language": "<script>"},
        {"unknown": 1},
    ],
)
def test_preferences_that_make_no_sense_are_refused_and_change_nothing(stack: Stack, body: Any) -> None:
    person = registered(stack, ANN)
    before = person.me()
    assert person.request("PUT", "/me/preferences", body).status == 422
    assert person.me() == before


def test_preferences_of_an_account_need_one(stack: Stack) -> None:
    person = Person(stack, ANN)
    answer = person.request("PUT", "/me/preferences", {"language": "ar"})
    assert answer.status == 409
    assert "Affirm the policy" in answer.json["detail"]


# ---------------------------------------------------------------- corrections


def message_of(stack: Stack, address: str) -> dict[str, Any]:
    return next(item for item in items_of(stack, address) if item["sk"]["S"].startswith("message#"))


def write(stack: Stack, **more: Any) -> str:
    body = {"email": ANN, "message": "Where is my parcel?", "name": "An"} | more
    reference: str = stack.request("contact_intake", "POST", "/contacts", json_body=body).json["reference"]
    return reference


@pytest.mark.promise("access-on-request")
def test_a_person_puts_right_what_they_gave(stack: Stack, staff: dict[str, Any]) -> None:
    reference = write(stack)
    record = message_of(stack, ANN)["sk"]["S"].replace("#", "-")
    person = registered(stack, ANN, name="An")
    change = {"name": "Ann", "phone": "0100 123 4567", "postal_address": ADDRESS}
    assert person.request("PATCH", f"/me/records/{record}", change | {"text": "Where is parcel 7?"}).status == 204
    seen = stack.request("review", "GET", f"/reviews/{reference}", claims=staff).json
    assert (seen["name"], seen["phone"], seen["text"]) == ("Ann", "+201001234567", "Where is parcel 7?")
    assert seen["postal_address"]["purposes"] == ["catalogue"]
    assert "Corrected: name, phone, postal_address, text." in seen["notes"][0]["text"], "staff see that it was"
    assert person.request("PATCH", "/me/records/account-self", {"name": "Ann", "phone": None}).status == 204
    assert person.me()["account"]["name"] == "Ann"
    assert person.request("PATCH", f"/me/records/{record}", {"postal_address": None}).status == 204
    assert "postal_address" not in message_of(stack, ANN)


@pytest.mark.promise("security-measures")
def test_nobody_corrects_what_is_not_theirs(stack: Stack) -> None:
    write(stack)
    record = message_of(stack, ANN)["sk"]["S"].replace("#", "-")
    bob = Person(stack, BOB)
    for theirs in (record, "message-" + "0" * 32, "session-x", "nonsense"):
        assert bob.request("PATCH", f"/me/records/{theirs}", {"name": "Bob"}).status == 404, theirs
    ann = Person(stack, ANN)
    assert ann.request("PATCH", f"/me/records/{record}", {"language": "ar"}).status == 422
    assert ann.request("PATCH", f"/me/records/{record}", {}).status == 422
    assert ann.request("PATCH", f"/me/records/{record}", {"text": " "}).status == 422
    assert ann.request("PATCH", f"/me/records/{record}", {"phone": "12"}).status == 422
    assert ann.request("PATCH", f"/me/records/order-{'0' * 32}", {"phone": None}).status == 409
    (message,) = (item for item in items_of(stack, ANN) if item["sk"]["S"] == record.replace("-", "#", 1))
    assert message["name"] == {"S": "An"}
