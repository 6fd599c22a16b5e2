"""A person with a browser and without script: sees, corrects, chooses, takes a copy, and leaves."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from tests.integration.conftest import Answer, Stack
from tests.integration.people import Person, items_of, registered

ANN = "ann@example.com"
BROWSER = {"accept": "text/html", "accept-language": "en", "sec-fetch-site": "same-origin"}


class Browser:
    """A session of somebody's in a browser."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def get(self, path: str, **query: str) -> Answer:
        return self._send("GET", path, query=query)

    def post(self, path: str, **form: Any) -> Answer:
        return self._send("POST", path, form={"locale": "en"} | form)

    def _send(self, method: str, path: str, **more: Any) -> Answer:
        headers = BROWSER | {"cookie": f"__Host-kept={self.person.cookie}"}
        return self.person.stack.request("account", method, path, headers=headers, **more)


@pytest.fixture
def browser(stack: Stack) -> Browser:
    body = {"email": ANN, "message": "Where is <b>my</b> parcel?", "name": "An"}
    stack.request("contact_intake", "POST", "/contacts", json_body=body)
    address = {"text": "1 Nile Street", "purposes": ["catalogue"]}
    return Browser(registered(stack, ANN, name="Ann", postal_address=address))


@pytest.mark.promise("access-on-request")
@pytest.mark.parametrize(("path", "direction"), [("/en/me", "ltr"), ("/ar/me", "rtl")])
def test_the_page_shows_everything_in_the_persons_language_and_runs_nothing(
    browser: Browser, path: str, direction: str
) -> None:
    page = browser.get(path)
    assert page.status == 200
    assert f'dir="{direction}"' in page.text
    for held in (ANN, "1 Nile Street", "Where is &lt;b&gt;my&lt;/b&gt; parcel?"):
        assert held in page.text
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"\dT\d\d:\d\d|<bdi>(catalogue|opt_out)<", page.text), "written for programs"
    assert ("<bdi>message<" in page.text) == (direction == "ltr"), "a code in another language"


@pytest.mark.promise("access-on-request")
def test_a_form_corrects_what_was_given(stack: Stack, browser: Browser) -> None:
    link = re.search(r'href="/en(/me/records/message-\w+)"', browser.get("/en/me").text)
    assert link, "the page has no way to correct a message"
    form = browser.get(link[1])
    assert 'value="An"' in form.text
    sent = browser.post(link[1], name="Ann", text="Where is my parcel?")
    assert (sent.status, sent.headers["location"]) == (303, "/en/me?done=correction")
    item = next(i for i in items_of(stack, ANN) if i["sk"]["S"] == link[1].rpartition("/")[2].replace("-", "#", 1))
    assert (item["name"], item["text"]) == ({"S": "Ann"}, {"S": "Where is my parcel?"})
    assert "Your correction is saved" in browser.get("/en/me", done="correction").text


@pytest.mark.promise("email-opt-out")
@pytest.mark.promise("post-as-supplied")
def test_ticked_boxes_are_what_is_not_sent_and_what_an_address_is_for(stack: Stack, browser: Browser) -> None:
    sent = browser.post("/me/preferences", **{"stop[]": ["marketing", "list-1"], "postal_purposes[]": ["answer"]})
    assert sent.status == 303, sent.text
    me = browser.person.me()
    assert {each["scope"] for each in me["opt_outs"]} == {"marketing", "list-1"}
    assert me["account"]["postal_address"]["purposes"] == ["answer"]
    page = browser.get("/en/me").text
    assert re.search(r'value="marketing" checked', page)
    assert not re.search(r'value="everything" checked', page)
    assert stack.suppressed(ANN)


@pytest.mark.promise("access-on-request")
def test_a_copy_is_asked_for_by_a_button_and_its_page_leads_back_to_itself(stack: Stack, browser: Browser) -> None:
    asked = browser.post("/me/exports")
    assert asked.status == 303
    page = browser.get(asked.headers["location"])
    assert page.status == 200
    assert f'href="{asked.headers["location"]}"' in page.text, "nobody is told how to see whether it is ready"
    (tag,) = re.findall(r"<script .*?</script>", page.text)
    found = re.fullmatch(r'<script src="/progress.js\?v=[0-9a-f]{12}" integrity="sha256-([^"]+)" defer></script>', tag)
    assert found
    script = stack.request("pages", "GET", "/progress.js")
    assert base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode() == found[1]
    assert script.headers["content-type"].startswith("text/javascript")
    assert page.headers["content-security-policy"].endswith("; script-src 'self'; connect-src 'self'")
    assert stack.make_exports() == []
    ready = browser.get(asked.headers["location"])
    assert "<script" not in ready.text
    assert "script-src" not in ready.headers["content-security-policy"], "what is ready needs no script"


@pytest.mark.promise("terms-affirmed")
def test_leaving_asks_once_more_and_then_says_what_became_of_it(stack: Stack, browser: Browser) -> None:
    question = browser.get("/en/me/leave")
    assert "Are you sure?" in question.text
    assert items_of(stack, ANN), "looking at the question erased something"
    unconfirmed = browser.post("/me/leave")
    assert "Are you sure?" in unconfirmed.text
    left = browser.post("/me/leave", confirm="true")
    assert left.status == 200, left.text
    assert "Everything is erased" in left.text
    assert "max-age=0" in left.cookies[0].lower()
    assert items_of(stack, ANN) == []


@pytest.mark.promise("login-cookies-only")
def test_signing_out_and_being_signed_out_lead_somewhere(browser: Browser) -> None:
    out = browser.post("/sessions/end")
    assert (out.status, out.headers["location"]) == (303, "/en")
    page = browser.get("/en/me")
    assert page.status == 401
    assert "your-data" in page.text, "nothing says where to ask for a link"


@pytest.mark.promise("security-measures")
def test_another_sites_form_does_nothing(stack: Stack, browser: Browser) -> None:
    for site in ("cross-site", "same-site", "none"):
        headers = BROWSER | {
            "cookie": f"__Host-kept={browser.person.cookie}", "sec-fetch-site": site, "origin": "https://evil.example.com"
        }  # fmt: skip
        answer = stack.request("account", "POST", "/me/leave", form={"confirm": "true"}, headers=headers)
        assert answer.status == 403
    assert items_of(stack, ANN)
