"""How the promises are kept, as everybody sees it: each fact as a sentence for people, as numbers for programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from kept.domain.errors import UnavailableError
from kept.domain.evidence import SHOWS, Count, Evidence, What
from kept.domain.policy import Policy
from kept.entry import wiring
from kept.entry.language import Language
from kept.entry.words import COUNTS, FACTS

SECONDS = 300  # that what was read is shown for, so that a page that many look at is read seldom

State = Literal["current", "stale", "none", "unavailable"]
"""Whether there is evidence: the last night's, an older one only, none yet, or none that can be read now."""


class FactBody(msgspec.Struct, omit_defaults=True):
    """A fact. A count is at least `least` and at most `most`; nothing but `what` where it could not be learnt."""

    what: What
    least: int | None = None
    most: int | None = None
    day: str | None = None
    hours: int | None = None
    kept: bool | None = None


class PromiseBody(msgspec.Struct):
    """A promise, and what is evidence for it; nothing where there is nothing to count."""

    id: str
    text: dict[str, str]
    evidence: list[FactBody]


class PromisesBody(msgspec.Struct):
    """Each promise of the policy, with its evidence as of when it was written."""

    version: str
    state: State
    written_at: dt.datetime | None
    days: int | None
    promises: list[PromiseBody]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read last, and when (seconds since the epoch)."""

    evidence: Evidence | None
    at: int
    could_be_read: bool = True

    def state(self, now: int) -> State:
        """How good it is now."""
        if self.evidence is None:
            return "none" if self.could_be_read else "unavailable"
        return "stale" if self.evidence.is_stale(now) else "current"


class Evidences:
    """The evidence, read anew after SECONDS. Where it cannot be read, what was read before is shown on."""

    def __init__(self) -> None:
        self._seen: Seen | None = None

    def see(self, now: int, failed: Callable[[str, BaseException], None]) -> Seen:
        """What there is to show; `failed` is told why it could not be read."""
        if self._seen is None or not 0 <= now - self._seen.at < SECONDS:
            before = self._seen.evidence if self._seen else None
            try:
                self._seen = Seen(wiring.evidence().find(), now)
            except UnavailableError as error:
                failed("failed", error)
                self._seen = Seen(before, now, could_be_read=False)
        return self._seen


def body(policy: Policy, seen: Seen, now: int) -> PromisesBody:
    """As programs read it."""
    found = seen.evidence
    return PromisesBody(
        version=policy.version,
        state=seen.state(now),
        written_at=found.written_at if found else None,
        days=found.days if found else None,
        promises=[
            PromiseBody(each.id, each.text, [_fact(what, found) for what in SHOWS.get(each.id, ()) if found])
            for each in policy.promises
        ],
    )


def sentences(evidence: Evidence | None, spoken: Language) -> dict[str, list[str]]:
    """As people read it: the sentences of each promise by its id."""
    if evidence is None:
        return {}
    return {promise: [_sentence(what, evidence, spoken) for what in shows] for promise, shows in SHOWS.items()}


def _fact(what: What, evidence: Evidence) -> FactBody:
    if what == "audit":
        return FactBody(what, day=evidence.day, kept=evidence.kept)
    if what == "seal":
        return FactBody(what, day=evidence.sealed, kept=evidence.seal_verifies)
    if what == "oldest_overdue":
        return FactBody(what, hours=evidence.oldest_overdue_hours)
    count = evidence.counts.get(what)
    return FactBody(what, count.least, count.most) if count else FactBody(what)


def _sentence(what: What, evidence: Evidence, spoken: Language) -> str:
    fact = _fact(what, evidence)
    if what in {"audit", "seal"}:
        name = what if fact.day is None else f"{what}, {'kept' if fact.kept else 'broken'}"
        day = spoken.day(dt.date.fromisoformat(fact.day)) if fact.day else ""
        return spoken.translate(FACTS[name], {"day": day})
    if what == "oldest_overdue":
        return spoken.translate(FACTS[what if fact.hours else f"{what}, none"], {"hours": fact.hours or 0})
    values = {"count": _in_words(evidence.counts.get(what), spoken), "days": evidence.days}
    return spoken.translate(FACTS[what], values)


def _in_words(count: Count | None, spoken: Language) -> str:
    if count is None:
        return spoken.translate(COUNTS["unknown"])
    if count.most == 0:
        return spoken.translate(COUNTS["none"])
    if count.least == count.most:
        return spoken.number(count.least)
    form = "few" if count.least == 0 else "some"
    return spoken.translate(COUNTS[form], {"least": count.least, "most": count.most, "over": count.most + 1})
