"""What a mail is taken for: over the samples, over variations written by others, over real mail, and over anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kept.domain.mail import read_mail, understand
from kept.domain.mail.answering import silence_reason
from kept.domain.mail.intents import PHRASES, REASONS, languages
from kept.domain.mail.phrase_files import compile_file
from kept.domain.mail.wording import INTENTS, Lexicon
from kept.domain.mail.words import sentences_of
from tests.conftest import ROOT
from tests.eval_mail import OUR_DOMAINS, Case, cases, envelope_sender, judge

SAMPLES = ROOT / "tests/samples"
REQUESTS = {"opt_out", "access", "cancel", "complaint"}
quick = settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def labelled() -> Iterator[Case]:
    yield from cases(SAMPLES / "mail")
    yield from cases(SAMPLES / "opened")
    yield from islice(cases(SAMPLES / "variations"), 0, None, 5)


JUDGED = [(case, set(judge(case).intents)) for case in labelled()]


def rates(label: str, language: str = "") -> tuple[float, float]:
    """Precision and recall of a label over everything that is labelled."""
    chosen = [(case, found) for case, found in JUDGED if case.language.startswith(language)]
    hits = sum(label in case.labels and label in found for case, found in chosen)
    return hits / sum(label in found for _, found in chosen), hits / sum(label in case.labels for case, _ in chosen)


@pytest.mark.promise("email-opt-out")
def test_who_asks_to_stop_is_understood_and_who_does_not_is_left_alone() -> None:
    precision, recall = rates("opt_out")
    assert precision >= 0.95
    assert recall >= 0.95


@pytest.mark.promise("access-on-request")
@pytest.mark.promise("complaints-heard")
@pytest.mark.parametrize("intent", ["access", "cancel", "complaint"])
def test_requests_and_complaints_are_understood(intent: str) -> None:
    precision, recall = rates(intent)
    assert 2 * precision * recall / (precision + recall) >= 0.90


def test_machine_mail_is_known_and_no_person_is_taken_for_a_machine() -> None:
    precision, recall = rates("machine")
    assert precision == 1.0
    assert recall >= 0.98


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nYour server sent me the line that my mailbox is full and cannot take mail.\nIt is not full.",
        "Hello there,\nMy colleague no longer works here and her mailbox went to me.\nCan I use her account?",
        "Good morning to all of you,\nNext week I am on annual leave until Monday, then I send the papers.",
        "Hallo liebes Team,\ndie Bestellung kam, aber eine Antwort war unzustellbar.\nStimmt die Adresse?",
        "Bonjour à toute l'équipe,\nMon collègue a eu une réponse automatique hier.\nOù est la commande ?",
        "Please delete my account. Out of office message for the shop: how do I set it?",
    ],
)
def test_a_person_who_writes_of_leave_or_a_full_mailbox_is_no_machine(text: str) -> None:
    head = (
        "From: ann@example.org\nTo: support@expandcart.com\nSubject: A question\nContent-Type: text/plain;charset=utf8"
    )
    assert "machine" not in understand(read_mail(f"{head}\n\n{text}".encode()), "ann@example.org", OUR_DOMAINS).intents


def test_a_programs_wording_is_known_at_the_start_or_where_it_is_twice() -> None:
    head = "From: ann@example.org\nTo: support@expandcart.com\nSubject: Your mail"
    away = "I am currently on annual leave until Monday."
    for text in (
        away,
        f"Thank you so much for your mail.\n{away}\nIn urgent matters please contact my colleague Ben.",
    ):
        assert understand(read_mail(f"{head}\n\n{text}".encode()), "ann@example.org", OUR_DOMAINS).intents == (
            "machine",
        )


@pytest.mark.promise("email-opt-out")
def test_arabic_is_understood_as_well_as_english() -> None:
    assert rates("opt_out", "ar")[1] >= rates("opt_out", "en")[1] - 0.03


# Precision and recall: what to expect of tomorrow's mail, by that of the samples' kind from which nothing was learned.
REACHED = {
    "unseen/2026-11-28e": {
        "opt_out": (0.94, 0.98),
        "access": (0.96, 0.99),
        "cancel": (0.96, 0.99),
        "complaint": (0.95, 0.95),
        "machine": (1.0, 0.93),
    },
    "unseen/2026-11-28f": {
        "opt_out": (0.95, 0.98),
        "access": (0.99, 0.99),
        "cancel": (0.99, 0.96),
        "complaint": (0.95, 0.95),
        "machine": (1.0, 0.96),
    },
}


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("generation", REACHED)
def test_mail_that_no_phrase_was_written_for_is_understood_too(generation: str) -> None:
    unseen = [(case, set(judge(case).intents)) for case in cases(SAMPLES / generation)]
    for label, (precision, recall) in REACHED[generation].items():
        hits = sum(label in case.labels and label in found for case, found in unseen)
        assert hits / sum(label in found for _, found in unseen) >= precision, label
        assert hits / sum(label in case.labels for case, _ in unseen) >= recall, label


@pytest.mark.promise("email-opt-out")
def test_on_mail_from_which_nothing_was_learned_arabic_is_understood_as_well_as_english() -> None:
    unseen = [(case, set(judge(case).intents)) for generation in REACHED for case in cases(SAMPLES / generation)]
    right = {
        language: [case.labels == found for case, found in unseen if case.language == language]
        for language in ("ar", "en")
    }
    assert sum(right["ar"]) / len(right["ar"]) >= sum(right["en"]) / len(right["en"]) - 0.03


QUOTED = """You are receiving this email because you signed up at expandcart.com.
If you no longer wish to receive these emails, unsubscribe here: https://www.expandcart.test/u/8f31c
Please delete my account and send me a copy of all my personal data. إلغاء الاشتراك"""
STYLES = {
    "marks": "\n\nOn Mon, 3 Feb 2025 at 10:00, Expand Cart <news@expandcart.com> wrote:\n"
    "> " + QUOTED.replace("\n", "\n> "),
    "Outlook": "\n\n-----Original Message-----\nFrom: Expand Cart <news@expandcart.com>\n"
    f"Sent: Monday\nTo: Ann\nSubject: News\n\n{QUOTED}",
    "Arabic": "\n\nفي الاثنين، 3 فبراير 2025 كتب Expand Cart <news@expandcart.com>:\n> " + QUOTED.replace("\n", "\n> "),
    "German": "\n\nAm 03.02.2025 um 10:00 schrieb Expand Cart <news@expandcart.com>:\n> "
    + QUOTED.replace("\n", "\n> "),
}


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("style", STYLES)
@quick
@given(case=st.sampled_from([case for case in cases(SAMPLES / "variations") if "machine" not in case.labels]))
def test_what_a_mail_quotes_never_changes_what_it_asks(style: str, case: Case) -> None:
    mail = read_mail(case.raw)
    if ">" in mail.text or "@" in mail.text:
        return  # it quotes already
    head = f"From: ann@example.org\nSubject: Re: News\nContent-Type: text/plain; charset=utf-8\n\n{mail.text}".encode()
    plain, quoting = (
        understand(read_mail(raw), "ann@example.org", OUR_DOMAINS) for raw in (head, head + STYLES[style].encode())
    )
    assert quoting.intents == plain.intents


@quick
@given(
    case=st.sampled_from(list(cases(SAMPLES / "mail"))),
    cuts=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 60), st.binary(max_size=30)), max_size=6),
)
def test_a_mutilated_mail_is_still_understood_as_something(case: Case, cuts: list[tuple[int, int, bytes]]) -> None:
    raw = case.raw
    for place, length, instead in cuts:
        raw = raw[:place] + instead + raw[place + length :]
    found = understand(read_mail(raw), "ann@example.org", OUR_DOMAINS)
    assert set(found.intents) <= REQUESTS | {"contact", "machine"}
    assert len(found.intents) == 1 or set(found.intents) <= REQUESTS
    assert 0 <= found.confidence <= 1


def test_a_mail_that_says_everything_many_times_gives_no_more_reasons_than_staff_would_read() -> None:
    text = "Please stop emailing me, delete my account and send me all my data.\n\n" * 800
    found = understand(read_mail(f"From: ann@example.org\n\n{text}".encode()), "ann@example.org", OUR_DOMAINS)
    assert {"opt_out", "access", "cancel"} <= set(found.intents)
    assert 0 < len(found.why) <= REASONS
    assert len(set(found.why)) == len(found.why)


def corpora() -> Path:
    folder = ROOT.parent / "shared/mail-corpora"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: real public mail is read in place, never copied")
    return folder


def test_on_real_mail_nothing_raises_and_no_machine_is_answered_or_obeyed() -> None:
    machines = obeyed = 0
    for path in corpora().glob("*/*"):
        raw = path.read_bytes()
        mail, sender = read_mail(raw), envelope_sender(raw)
        found = understand(mail, sender, OUR_DOMAINS)
        if path.parent.name in ("sisimai-set-of-emails", "flufl.bounce", "livebg-bounce_email"):
            machines += 1
            asks = bool(set(found.intents) & REQUESTS) and mail.feedback_type != "opt-out"
            obeyed += asks
            assert not (asks and silence_reason(mail, sender, OUR_DOMAINS) is None), f"{path.name} would be answered"
    assert machines > 500
    assert obeyed == 0


@pytest.mark.parametrize("path", sorted(PHRASES.glob("*.toml")), ids=lambda path: path.stem)
class TestPhraseFile:
    """Each language's file."""

    def test_it_is_right_and_has_every_intent(self, path: Path) -> None:
        content = path.read_text(encoding="utf-8")
        assert compile_file(path).detect
        for intent in INTENTS:
            assert f"[{intent}]" in content

    def test_a_megabyte_of_its_own_words_takes_less_than_a_second(self, path: Path) -> None:
        phrases = compile_file(path)
        lexicon = Lexicon(phrases)
        words = sorted({*phrases.literals, *phrases.prefixes})
        hostile = ((" ".join(words) + " ") * (1_000_000 // len(" ".join(words)) + 1))[:1_000_000]
        began = time.process_time()
        sentences = sentences_of(hostile)
        lexicon.matches(sentences)
        lexicon.match_alone(sentences)
        assert time.process_time() - began < 1


def test_every_language_of_the_policy_and_of_the_readme_is_there() -> None:
    assert {known.name for known in languages()} == {"en", "ar", "ar-latn", "fr", "es", "de", "it", "tr"}
