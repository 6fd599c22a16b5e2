"""What a mail is: a person's request, complaint or message, or a machine's; with the words that say so."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, combinations, islice
from pathlib import Path
from zlib import crc32

from kept.domain.mail.learned import Feature, Weighing, features, likelihood
from kept.domain.mail.machine import machine_hint, machine_reason, pressed_unsubscribe
from kept.domain.mail.own_words import own_words
from kept.domain.mail.phrase_files import Language, load_languages
from kept.domain.mail.reader import Mail
from kept.domain.mail.wording import Lexicon, Match
from kept.domain.mail.words import sentences_of
from kept.domain.records import Reason

PHRASES = Path(__file__).with_name("phrases")
REASONS = 12  # that are kept of a mail: with its text they must fit into a record
REASON_CHARACTERS = 200
SURE = 0.6  # from this confidence on an intent counts; below it is a suggestion for staff
_WEIGHTS = {"alone": 0.9, "strong": 0.9, "weak": 0.45}
_SUGGESTED = 0.25  # from this confidence on it is worth staff's eyes
# Log odds that are added so that as many requests are missed as are one too many.
_LEANING = {"opt_out": 0.4, "access": 0.3, "cancel": 0.6, "complaint": 0.2}
_REQUESTS = ("opt_out", "access", "cancel", "complaint")
_SOUNDS_LIKE_A_MACHINE = 4.7  # log odds; people's mails that were not learned from stayed below it
_FEWEST_SOUNDING = 20  # words of a mail that can: a person's few may be like anything
_MAY_BE_A_MACHINE = -1.5  # from here on a request counts only where a phrase says so
_UNSURE = 0.5  # certainty: for staff to decide
_FEW = 4  # words from which on all of them tell enough; of fewer, what no phrase says must be surer
_DOUBT = 9.0  # by so many log odds, divided by the words
_DENIED = 4.0  # log odds less for an opt-out that is denied
_LONG = 60  # words of a mail in which a wish may be said in passing
_PASSAGE = 3  # sentences of it that are weighed alone as well
_GREETING = 3  # words of a first sentence that may be no more than a greeting
_TITLE = 3  # words of a subject that may be no more than what the body is about
_TELLING = 2  # familiar words that a text must have for its language to be known
_REPORTED_SPEECH = re.compile('"[^"\n]{20,300}+"|\u201c[^\u201d\n]{20,300}+\u201d|\u00ab[^\u00bb\n]{20,300}+\u00bb')
_REPLY_ABOVE = re.compile(
    r"[\s#=_*-]{0,20}(?:please )?(?:type|enter|write)? ?(?:your )?reply above this line", re.IGNORECASE
)
_REPLY = re.compile(r"\s{0,5}(?:re|aw|sv|antw|fw|fwd|wg|tr|rv|res|enc|ynt|رد|اعاده توجيه)\s{0,3}:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a mail is taken for.

    `intents` holds "machine" or "contact" alone, or one or more of opt_out, access, cancel and complaint. `confidence`
    (0 to 1) is that of the least certain of them. `suggested` are requests that it may hold as well, or instead, but
    that are below SURE.
    """

    intents: tuple[str, ...]
    confidence: float
    language: str
    why: tuple[Reason, ...]
    suggested: tuple[str, ...] = ()
    machine_reason: str | None = None


@dataclass(frozen=True)
class Seen:
    """What is looked at in a mail: the words of its subject and of its own text, in sentences, and their languages.

    `counted` are the phrases found that count; `concepts` are those of the likeliest language's phrases, sentence by
    sentence, the subject's first.
    """

    subject: list[list[str]]
    body: list[list[str]]
    spoken: list[Language]
    matches: list[Match]
    counted: list[Match]
    concepts: list[list[tuple[str, int, int]]]

    @property
    def sentences(self) -> list[list[str]]:
        """All of them."""
        return self.subject + self.body

    @cached_property
    def features(self) -> list[list[Feature]]:
        """What each sentence is weighed by: its words and concepts, and the phrases that match in it."""
        by_sound = bool(self.spoken) and self.spoken[0].lexicon.by_sound
        found = features(self.sentences, self.concepts, len(self.subject), by_sound=by_sound)
        for match in self.counted + [match for match in self.matches if match.strength == "not"]:
            for name in (f"{match.intent} {match.strength}", f"{match.pattern}"):
                found[match.sentence].append((crc32(name.encode()), match.sentence, 0, 0))
        return found

    @property
    def stays(self) -> bool:
        """Whether a sentence denies an opt-out in the words that would ask for it ("I don't want to unsubscribe")."""
        said: defaultdict[int, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for match in self.matches:
            if match.intent == "opt_out":
                said[match.sentence][match.strength == "not"].add(match.words)
        return any(yes in no for asked, denied in said.values() for no in denied for yes in asked)

    @property
    def passages(self) -> Iterator[Iterable[Feature]]:
        """What some sentences in a row of a long mail are weighed by."""
        if sum(map(len, self.sentences)) >= _LONG:
            weighed = [told for told in self.features[len(self.subject) :] if told]
            for begin in range(len(weighed) - _PASSAGE + 1):
                yield chain.from_iterable(weighed[begin : begin + _PASSAGE])


def looked_at(mail: Mail, our_domains: Collection[str] = ()) -> Seen:
    """Read a mail as far as its wording tells what it is."""
    body = sentences_of(_REPORTED_SPEECH.sub(" ", own_words(mail, our_domains)))
    subject = _subject(mail, body)
    sentences = subject + body
    spoken = _languages(sentences)
    matches = [m for known in spoken for m in known.lexicon.matches(sentences) + _alone(known.lexicon, sentences, body)]
    counted = _counted(matches, subject, spoken[0].name if spoken else "")
    # Where a text is too short to tell its language, the one that knows most of it.
    likely = spoken if len(spoken) == len(languages()) else spoken[:1]
    concepts = ([known.lexicon.concepts_in(words) for words in sentences] for known in likely)
    return Seen(subject, body, spoken, matches, counted, max(concepts, key=lambda found: sum(map(len, found))))


@cache
def languages() -> tuple[Language, ...]:
    """Every language that there are phrases for."""
    return load_languages(PHRASES)


@cache
def _familiar_in(spoken: tuple[Language, ...]) -> dict[str, list[Language]]:
    """In which of these languages a word is familiar; the fewer they are, the more it tells."""
    found: dict[str, list[Language]] = {}
    for known in spoken:
        for word in known.familiar:
            found.setdefault(word, []).append(known)
    return found


def understand(mail: Mail, envelope_sender: str | None, our_domains: Collection[str] = ()) -> Understanding:
    """Say what a mail is. `envelope_sender` None is the null return path; `our_domains` are those we receive for."""
    if pressed_unsubscribe(mail):
        return Understanding(("opt_out",), 1.0, mail.language, (Reason("opt_out", "", "unsubscribe button"),))
    if (reason := machine_reason(mail, envelope_sender, our_domains)) is not None:
        return Understanding(("machine",), 1.0, mail.language, (Reason("machine", "", reason),), machine_reason=reason)
    seen = looked_at(mail, our_domains)
    subject, body, spoken, counted = seen.subject, seen.body, seen.spoken, seen.counted
    if reply_above := bool(_REPLY_ABOVE.match(mail.text)):  # a help desk's own mail begins so; a person's quotes it
        rest = sentences_of(mail.text)
        programs = [m for known in _languages(rest) for m in known.lexicon.matches(rest) if m.intent == "machine"]
        counted = _counted(seen.matches + programs, subject, spoken[0].name if spoken else "")
    said = _confidence(counted)
    weighing = Weighing()
    odds = _odds(seen, weighing)
    sounds = odds["machine"]
    confidence = _certainty(seen, said, odds)
    language = spoken[0].code if spoken else mail.language
    why = _reasons(seen, counted, confidence, weighing)
    if said.get("machine", 0) >= SURE:
        asks = any(confidence[intent] >= SURE for intent in _REQUESTS)
        begins = reply_above or (not asks and _begins_as_a_machine(counted, subject, body))
        if begins or sounds > 0 or machine_hint(mail, our_domains) is not None or _two_signs(counted):
            return Understanding(("machine",), said["machine"], language, why, machine_reason="wording")
    if sounds > _SOUNDS_LIKE_A_MACHINE and sum(map(len, seen.sentences)) >= _FEWEST_SOUNDING:
        words = weighing.telling("machine", chain.from_iterable(seen.features), seen.sentences)
        why = (Reason("machine", language, words[:REASON_CHARACTERS]), *why)[:REASONS]
        return Understanding(("machine",), round(likelihood(sounds), 2), language, why, machine_reason="wording")
    intents = tuple(intent for intent in _REQUESTS if confidence[intent] >= SURE)
    suggested = tuple(intent for intent in _REQUESTS if _SUGGESTED <= confidence[intent] < SURE)
    sure = min((confidence[i] for i in intents), default=1 - max((confidence[s] for s in suggested), default=0))
    return Understanding(intents or ("contact",), round(sure, 2), language, why, suggested)


def _odds(seen: Seen, weighing: Weighing) -> dict[str, float]:
    """Log odds of each intent: of the whole mail, or where a passage of it is surer, of both taken together."""
    odds = weighing.odds(chain.from_iterable(seen.features))
    best = dict(odds)
    for passage in seen.passages:
        for intent, here in weighing.odds(passage).items():
            if intent in _REQUESTS:
                best[intent] = max(best[intent], here)
    return {intent: (whole + best[intent]) / 2 for intent, whole in odds.items()}


def _certainty(seen: Seen, said: Mapping[str, float], odds: Mapping[str, float]) -> dict[str, float]:
    """For each intent how certain it is (0 to 1). What a phrase says plainly is never less than unsure."""
    certain = {"machine": said.get("machine", 0.0)}
    words = sum(map(len, seen.sentences))
    for intent in _REQUESTS:
        doubt = _DOUBT / max(1, words) if words < _FEW else 0.0
        if intent == "opt_out" and seen.stays:
            doubt = _DENIED
        if said.get(intent, 0) >= SURE:
            doubt = 0.0
        certain[intent] = likelihood(odds[intent] + _LEANING[intent] - doubt)
        if said.get(intent, 0) >= SURE:
            certain[intent] = max(certain[intent], _UNSURE)
        elif odds["machine"] > _MAY_BE_A_MACHINE:
            certain[intent] = min(certain[intent], _UNSURE)
    return certain


def _reasons(
    seen: Seen, counted: Iterable[Match], confidence: Mapping[str, float], weighing: Weighing
) -> tuple[Reason, ...]:
    """What led to intents, each once, the most telling first; no more than staff would read.

    They are the phrases, and where there are none for an intent, the words that weigh most.
    """
    believed = [intent for intent, certain in confidence.items() if certain >= _SUGGESTED]
    said = [Reason(m.intent, m.language, m.words[:REASON_CHARACTERS]) for m in counted if m.intent in believed]
    phrased = {reason.intent for reason in said}
    language = seen.spoken[0].name if seen.spoken else ""
    told = [
        Reason(intent, language, words[:REASON_CHARACTERS])
        for intent in believed
        if intent not in phrased
        and (words := weighing.telling(intent, chain.from_iterable(seen.features), seen.sentences))
    ]
    return tuple(islice(dict.fromkeys(said + told), REASONS))


def _subject(mail: Mail, body: list[list[str]]) -> list[list[str]]:
    """The subject's sentences: somebody else's words in a reply, unless the reply says nothing else."""
    if _REPLY.match(mail.subject) and (any(body) or mail.text.strip()):
        return []
    return sentences_of(_REPLY.sub("", mail.subject, count=1))


def _alone(lexicon: Lexicon, sentences: list[list[str]], body: list[list[str]]) -> list[Match]:
    """A message of few words, looked up as a whole: its body, or its subject and body together."""
    return lexicon.match_alone(body) or lexicon.match_alone(sentences)


def _languages(sentences: list[list[str]]) -> list[Language]:
    """The languages that a text may be in, the likeliest first; all of them where it has no telling words."""
    familiar = _familiar_in(languages())
    scores = dict.fromkeys(languages(), 0.0)
    for word in chain.from_iterable(sentences):
        for known in (found := familiar.get(word, ())):
            scores[known] += 1 / len(found)
    ranked = sorted(languages(), key=lambda known: -scores[known])
    best = scores[ranked[0]] if ranked else 0
    if best < _TELLING:
        return ranked
    return [known for known in ranked if scores[known] * 3 >= best or known.code == "en"]


def _begins_as_a_machine(counted: list[Match], subject: list[list[str]], body: list[list[str]]) -> bool:
    """Whether the subject, or the body below its greeting, begins with a program's words."""
    below = next((number for number, words in enumerate(body) if len(words) > _GREETING), 0)
    places = (0, len(subject) + below)
    first = {number: " ".join(words) for number, words in enumerate(subject + body) if number in places}
    return any(m.intent == "machine" and first.get(m.sentence, "").startswith(m.words) for m in counted)


def _two_signs(counted: list[Match]) -> bool:
    """Whether a program's wording is there twice: in two sentences, or in two places of one.

    One alone may be a person's, who writes of an automatic reply, a full mailbox or a leave.
    """
    signs = [m for m in counted if m.intent == "machine"]
    return any(
        a.sentence != b.sentence or not set(a.words.split()) & set(b.words.split()) for a, b in combinations(signs, 2)
    )


def _counted(matches: list[Match], subject: list[list[str]], likeliest: str) -> list[Match]:
    """The matches that count, the strongest first: the same words once, and none that is excluded in its sentence.

    What the likeliest language excludes is excluded in all; what another excludes, only in itself, since a word of one
    may mean something else in another. A subject of few words names what a body is about: where the body excludes an
    intent and says nothing strong for it, the subject does not ask for it. (A program's subject asks nothing anyway.)
    """
    excluded = {(m.language, m.intent, m.sentence) for m in matches if m.strength == "not"}
    left = [
        m
        for m in matches
        if m.strength != "not"
        and not excluded & {(m.language, m.intent, m.sentence), (likeliest, m.intent, m.sentence)}
    ]
    if len(subject) == 1 and len(subject[0]) <= _TITLE:
        denied = {intent for _, intent, sentence in excluded if sentence > 0 and intent != "machine"}
        denied -= {m.intent for m in left if m.sentence > 0 and m.strength == "strong"}
        left = [m for m in left if m.intent not in denied or m.sentence > 0]
    counted: dict[tuple[str, str], Match] = {}
    weak: defaultdict[tuple[str, int], set[str]] = defaultdict(set)  # words of a sentence that were counted as weak
    for match in sorted(left, key=lambda m: (-_WEIGHTS[m.strength], len(m.words))):
        if match.strength == "weak":
            said, words = weak[match.intent, match.sentence], set(match.words.split())
            if said & words:
                continue  # the same words again, or more of them
            said |= words
        counted.setdefault((match.intent, match.words), match)
    return list(counted.values())


def _confidence(counted: list[Match]) -> dict[str, float]:
    """For each intent, how certain: the more independent matches, the more."""
    doubt: dict[str, float] = {}
    for match in counted:
        doubt[match.intent] = doubt.get(match.intent, 1.0) * (1 - _WEIGHTS[match.strength])
    return {intent: 1 - left for intent, left in doubt.items()}
