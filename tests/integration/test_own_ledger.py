"""A person sees what became of their records, and gets proof of it that anybody can check without us."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.export_seals import export
from infra.verify import main as verify
from kept.adapters.clock import now
from kept.app.seal_ledger import seal_days
from kept.domain.ledger import Change, Store, day_of, sequence_of
from kept.entry import wiring
from kept.entry.pages import TEMPLATES
from tests.integration.conftest import Stack, ledger_hears

pytestmark = [pytest.mark.promise("review-then-discard"), pytest.mark.promise("access-on-request")]

ANN, BOB = "ann@example.com", "bob@example.com"
DAY = 86400
RECORD = {"kind": "message", "received_at": 1, "discard_at": 2, "reference": "r", "text": "Hello"}
PAGE = {"accept": "text/html"}


class Ledger:
    """What the ledger hears, when a test says so."""

    def __init__(self, stack: Stack) -> None:
        self._keys, self._count = stack.keys, 0

    def hear(
        self, email: str, before: Any, after: Any, *, at: int, record: str = "1", store: Store = "subjects"
    ) -> None:
        self._count += 1
        sort_key = f"message#{record}" if store == "subjects" else ""
        pk = self._keys.subject_id(email)
        change = Change(store, sequence_of(str(self._count)), at, pk, sort_key, before, after)
        ledger_hears(change, at)


@pytest.fixture
def heard(stack: Stack) -> Ledger:
    """Yesterday a record of Ann's came in and was erased, and one of Bob's came in; the day is sealed."""
    ledger, yesterday = Ledger(stack), now() - DAY
    ledger.hear(ANN, None, RECORD, at=yesterday)
    ledger.hear(BOB, None, RECORD, at=yesterday)
    ledger.hear(ANN, {**RECORD, "discard_reason": "erasure"}, None, at=yesterday)
    seal_days(ledger=wiring.ledger(), seals=wiring.seals(), events=wiring.events(), now=now() // DAY * DAY + 7200)
    return ledger


def test_a_person_sees_what_became_of_their_records_and_nobody_elses(stack: Stack, heard: Ledger) -> None:
    headers = stack.sign_in(ANN)
    heard.hear(ANN, None, {"marketing": {"reason": "form", "at": 1}}, at=now(), store="suppressions")
    assert stack.request("account", "GET", "/me", headers=headers).json["ledger"] == "/me/ledger"
    items = stack.request("account", "GET", "/me/ledger", headers=headers).json["items"]
    told = {(each["kind"], each["what"], each.get("reason")) for each in items}
    assert told == {("message", "written", None), ("message", "discarded", "erasure"), ("suppression", "written", None)}
    assert all(each["proof"] == f"/me/ledger/{each['id']}" for each in items)


@pytest.mark.usefixtures("heard")
def test_the_proof_of_a_discard_can_be_checked_offline_in_three_ways(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = stack.sign_in(ANN)
    items = stack.request("account", "GET", "/me/ledger", headers=headers).json["items"]
    (discard,) = (each for each in items if each["what"] == "discarded")
    answer = stack.request("account", "GET", discard["proof"], headers=headers)
    assert answer.status == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    file = tmp_path / "proof.json"
    file.write_text(answer.text)

    assert verify(["--proof", str(file)]) == 0
    assert answer.json["seal"] in capsys.readouterr().out
    export(wiring.seals(), tmp_path / "seals")
    assert verify([str(tmp_path / "seals"), "--proof", str(file)]) == 0
    assert "was sealed" in capsys.readouterr().out
    assert verify([str(tmp_path / "seals"), "--entry", discard["id"]]) == 0
    assert json.loads(capsys.readouterr().out) == answer.json, "the shop and the person have the same proof"
    assert "holds" in lines_of_python(file)


def lines_of_python(file: Path) -> str:
    """What the lines say that the page shows."""
    command = [sys.executable, str(TEMPLATES / "check_proof.txt"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("change", ["entry", "path", "root", "day"])
def test_a_proof_that_was_tampered_with_does_not_hold(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    headers = stack.sign_in(ANN)
    items = stack.request("account", "GET", "/me/ledger", headers=headers).json["items"]
    proof = stack.request("account", "GET", items[0]["proof"], headers=headers).json
    other = {"entry": proof["entry"] | {"reason": "expired"}, "path": proof["path"][1:], "root": "0" * 64}
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof | {"day": "2020-01-01"} if change == "day" else proof | {change: other[change]}))
    assert verify(["--proof", str(file)]) == 1
    assert "does not hold" in capsys.readouterr().err
    if change != "day":
        assert "does not hold" in lines_of_python(file)


@pytest.mark.usefixtures("heard")
def test_a_proof_that_leads_to_another_seal_is_told_from_one_of_ours(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = stack.sign_in(ANN)
    items = stack.request("account", "GET", "/me/ledger", headers=headers).json["items"]
    proof = stack.request("account", "GET", items[0]["proof"], headers=headers).json
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof | {"seal": "0" * 64}))
    export(wiring.seals(), tmp_path / "seals")
    assert verify([str(tmp_path / "seals"), "--proof", str(file)]) == 1
    assert "another one" in capsys.readouterr().err
    file.write_text("[]")
    assert verify(["--proof", str(file)]) == 1
    assert verify(["--proof", str(tmp_path / "none.json")]) == 1


def test_an_entry_of_today_has_no_proof_before_its_day_is_sealed(stack: Stack, heard: Ledger) -> None:
    headers = stack.sign_in(ANN)
    heard.hear(ANN, None, {**RECORD, "reference": "s"}, at=now(), record="2")
    today = day_of(now())
    items = stack.request("account", "GET", "/me/ledger", headers=headers).json["items"]
    (new,) = (each for each in items if each["day"] == today)
    answer = stack.request("account", "GET", new["proof"], headers=headers)
    assert (answer.status, "in the night after it" in answer.text) == (409, True)


@pytest.mark.usefixtures("heard")
def test_another_persons_entry_and_one_that_is_none_are_not_found(stack: Stack) -> None:
    theirs = stack.request("account", "GET", "/me/ledger", headers=stack.sign_in(BOB)).json["items"]
    headers = stack.sign_in(ANN)
    for entry_id in (theirs[0]["id"], "nothing", "0" * 32 + "-1", "0" * 32 + "-" + "9" * 60):
        assert stack.request("account", "GET", f"/me/ledger/{entry_id}", headers=headers).status == 404
    assert stack.request("account", "GET", "/me/ledger").status == 401
    assert stack.request("account", "GET", f"/me/ledger/{theirs[0]['id']}").status == 401


def test_many_entries_come_page_by_page_and_none_twice(stack: Stack) -> None:
    ledger = Ledger(stack)
    for number in range(120):
        ledger.hear(ANN, None, RECORD, at=now(), record=str(number))
    headers, seen, query = stack.sign_in(ANN), [], {}
    for _ in range(3):
        page = stack.request("account", "GET", "/me/ledger", headers=headers, query=query).json
        seen += [each["id"] for each in page["items"]]
        query = {"cursor": page.get("next", "")}
    assert len(seen) == len(set(seen)) == 120
    assert query == {"cursor": ""}
    answer = stack.request("account", "GET", "/me/ledger", headers=headers, query={"cursor": "0-nonsense"})
    assert answer.status == 422


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(("language", "words"), [("en", "you had it erased"), ("ar", "طلبتم محوه")])
def test_the_page_says_it_in_the_persons_language(stack: Stack, language: str, words: str) -> None:
    headers = stack.sign_in(ANN)
    page = stack.request("account", "GET", f"/{language}/me/ledger", headers=headers | PAGE)
    assert page.status == 200
    assert words in page.text
    assert "hashlib.sha256" in page.text
    held = stack.request("account", "GET", f"/{language}/me", headers=headers | PAGE)
    assert f'href="/{language}/me/ledger"' in held.text
