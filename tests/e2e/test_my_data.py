"""A person's journey on the deployed template: ask, prove, see, register, correct, leave; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import SUPPORT, Answer, Site, eventually, mails_to, token_in

pytestmark = pytest.mark.e2e


class Person:
    """Somebody with a browser and a mailbox."""

    def __init__(self, site: Site, address: str) -> None:
        self.site, self.address, self.cookie = site, address, ""

    def mail(self, number: int) -> dict[str, Any]:
        """The so-manieth mail that they got, once it is there."""
        return eventually(lambda: mails_to(self.site, self.address)[number - 1 :], "no mail came")[0]

    def follow(self, mail: dict[str, Any]) -> Answer:
        """Open the mail's link and press its button."""
        token = token_in(mail)
        page = self.site.request("GET", f"/sessions?token={token}", headers={"Accept": "text/html"})
        assert page.status == 200
        assert "set-cookie" not in page.headers
        answer = self.site.request("POST", "/sessions", {"token": token})
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        return answer

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A request with their cookie, from our own page."""
        sent = {"Cookie": self.cookie, "Origin": self.site.stack.api} | headers
        return self.site.request(method, path, body, headers=sent)


@pytest.mark.promise("access-on-request")
def test_a_person_asks_proves_the_address_and_sees_who_they_are_to_us(site: Site) -> None:
    person = Person(site, "asks-by-form@example.com")
    assert site.request("POST", "/access-requests", {"email": person.address}).status == 202
    assert person.follow(person.mail(1)).status == 201
    me = person.request("GET", "/me").json
    assert (me["email"], me["account"]) == (person.address, None)
    assert person.request("GET", "/me", Cookie="").status == 401
    assert person.request("DELETE", "/sessions/current").status == 204
    assert person.request("GET", "/me").status == 401


@pytest.mark.promise("terms-affirmed")
def test_an_account_is_registered_confirmed_corrected_and_cancelled(site: Site) -> None:
    person = Person(site, "customer@example.com")
    version = site.request("GET", "/policy").json["version"]
    registration = {"email": person.address, "policy_version": version, "accepted": True, "name": "Cus Tomer"}
    assert site.request("POST", "/registrations", registration | {"accepted": False}).status == 422
    assert site.request("POST", "/registrations", registration | {"policy_version": "1999"}).status == 409
    assert site.records_of(person.address) == []
    assert site.request("POST", "/registrations", registration).status == 202
    assert person.follow(person.mail(1)).status == 201
    assert person.request("GET", "/me").json["account"]["name"] == "Cus Tomer"
    assert person.request("PATCH", "/me/records/account-self", {"name": "Customer"}).status == 204
    wishes = {"opt_outs": {"marketing": True, "lists": {"offers": True}}, "language": "ar"}
    assert person.request("PUT", "/me/preferences", wishes).status == 200
    assert not site.may("email", person.address, "marketing")["allowed"]
    assert person.request("PUT", "/me/preferences", {"opt_outs": {"marketing": False}}).status == 200
    assert site.may("email", person.address, "marketing")["allowed"], "what its owner lifts is lifted"
    assert not site.may("email", person.address, "marketing", list="offers")["allowed"]

    mail = f"From: {person.address}\r\nTo: {SUPPORT}\r\nSubject: Hello\r\n\r\nWhere is my parcel?\r\n"
    before = site.raw_mails()
    site.send(mail.encode(), person.address)
    eventually(lambda: any("mail" in r for r in site.records_of(person.address)), "the mail is no record")
    (raw,) = site.raw_mails() - before
    assert person.request("DELETE", "/me", {"confirm": True}, Origin="https://evil.example.com").status == 403
    left = person.request("DELETE", "/me", {"confirm": True})
    assert left.status == 200, left.body
    assert left.json["done"] is True
    assert site.records_of(person.address) == []
    assert raw not in site.raw_mails()
    assert not site.may("email", person.address, "marketing")["allowed"]
    assert person.request("GET", "/me").status == 401


@pytest.mark.promise("access-on-request")
def test_staff_extend_a_deadline_and_the_person_is_told_why(site: Site) -> None:
    person = Person(site, "waits-for-staff@example.com")
    call = {"kind": "request", "email": person.address, "text": "She asks what we hold about her."}
    record = site.request("POST", "/reviews", call, staff=True).json
    assert person.follow(person.mail(1)).status == 201, "who asks by telephone gets the link by mail"
    seen = site.request("GET", f"/reviews/{record['reference']}", staff=True).json
    assert seen["verified"] is True
    path = f"/reviews/{record['reference']}/extensions"
    extended = site.request("POST", path, {"reason": "Old orders lie on paper."}, staff=True)
    assert extended.json["answer_by"] > record["answer_by"]
    told = person.mail(2)
    assert "Old orders lie on paper." in told["text"]
    assert extended.json["answer_by"][:10] in told["text"]
