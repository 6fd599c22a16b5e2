"""Finding phrases in what people write: patterns of normalised words (`words`) that are data.

The patterns and what they are written in are described in `phrases/README.md`; `phrase_files` compiles them. Matching
is by steps from word to word, never by regular expressions made from data: nothing here can backtrack, whatever a mail
or a phrase file says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain
from typing import Literal

import msgspec

from kept.domain.mail.arabizi import FEWEST, sound

Strength = Literal["alone", "strong", "weak", "not"]
STRENGTHS: tuple[Strength, ...] = ("alone", "strong", "weak", "not")
INTENTS = ("opt_out", "access", "cancel", "complaint", "machine")

MAX_ALONE = 4  # words of a message that is looked up as a whole
_FUZZY_FROM = 6  # letters a word must have for a typing mistake in it to be overlooked
_JOINED_AND = "وف"


class Element(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One step of a pattern: any of these atoms or concepts, or the end; or a gap of up to `gap` words."""

    atoms: frozenset[int] = frozenset()
    concepts: tuple[str, ...] = ()
    optional: bool = False
    gap: int = 0
    end: bool = False


class Pattern(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is looked for, and what it is a sign of. `checksum` tells it from all others."""

    checksum: int
    intent: str
    strength: Strength
    elements: tuple[Element, ...]
    from_begin: bool
    to_end: bool


class Phrases(msgspec.Struct, frozen=True):
    """A phrase file, compiled (by `phrase_files`). An atom is the number of a word or glob.

    `concepts` has each concept's alternatives by their first atom: what follows it. `by_atom` and `by_atom_alone` say
    which of `patterns` (by their index) a sentence or a whole message may hold where the atom is in it. `by_sound`:
    an unknown word is taken for one that sounds like it.
    """

    name: str
    code: str
    detect: str
    polite: str
    literals: dict[str, int]
    prefixes: dict[str, int]
    suffixes: dict[str, int]
    infixes: dict[str, int]
    concepts: dict[str, dict[int, list[tuple[int, ...]]]]
    patterns: list[Pattern]
    by_atom: dict[int, list[int]]
    by_atom_alone: dict[int, list[int]]
    by_sound: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern found, by its checksum: in which language's file, for what, and in which words (normalised)."""

    pattern: int
    language: str
    intent: str
    strength: Strength
    words: str
    sentence: int


class Lexicon:
    """One language's phrases, ready to be looked for."""

    def __init__(self, phrases: Phrases) -> None:
        self.name = phrases.name
        self.by_sound = phrases.by_sound
        self._phrases = phrases
        self._polite = frozenset(phrases.polite.split())
        self._frequent = self._polite.union(phrases.detect.split())
        self._prefix_lengths = sorted({len(prefix) for prefix in phrases.prefixes})
        self._suffix_lengths = sorted({len(suffix) for suffix in phrases.suffixes})
        self._infix_lengths = sorted({len(infix) for infix in phrases.infixes})
        self._atoms_of = lru_cache(maxsize=20_000)(self._find_atoms)
        self._needs = cache(self._find_needs)
        self._begins = cache(self._find_begins)

    def matches(self, sentences: list[list[str]]) -> list[Match]:
        """Every strong, weak or excluding pattern found, at most one place a sentence for each."""
        found: list[Match] = []
        patterns, by_atom = self._phrases.patterns, self._phrases.by_atom
        for number, words in enumerate(sentences):
            atoms = [self._atoms_of(word) for word in words]
            present = frozenset[int]().union(*atoms)
            seen: set[int] = set()
            concepts: dict[tuple[str, int], list[int]] = {}
            for atom in present & by_atom.keys():
                for which in by_atom[atom]:
                    if which in seen:
                        continue
                    seen.add(which)
                    pattern = patterns[which]
                    if any(present.isdisjoint(needed) for needed in self._needs(which)):
                        continue  # most end here: a word that must be there is not
                    if span := self._search(pattern, self._begins(which), atoms, concepts):
                        matched = " ".join(words[slice(*span)])
                        found.append(
                            Match(pattern.checksum, self.name, pattern.intent, pattern.strength, matched, number)
                        )
        return found

    def concepts_in(self, words: list[str]) -> list[tuple[str, int, int]]:
        """The concepts in a sentence, in their order: name, first word, the word after the last."""
        atoms = [self._atoms_of(word) for word in words]
        known: dict[tuple[str, int], list[int]] = {}
        return [
            (concept, place, max(ends))
            for place, here in enumerate(atoms)
            for concept in sorted({concept for atom in here for concept in self._concepts_of.get(atom, ())})
            if (ends := self._concept_ends(concept, place, atoms, known))
        ]

    def match_alone(self, sentences: list[list[str]]) -> list[Match]:
        """What a message of very few words says as a whole, greetings and courtesies left out."""
        words = [word for sentence in sentences[:12] for word in sentence if word not in self._polite]
        if not 0 < len(words) <= MAX_ALONE:
            return []
        atoms = [self._atoms_of(word) for word in words]
        patterns, by_atom = self._phrases.patterns, self._phrases.by_atom_alone
        possible = dict.fromkeys(which for atom in frozenset[int]().union(*atoms) for which in by_atom.get(atom, ()))
        return [
            Match(pattern.checksum, self.name, pattern.intent, "alone", " ".join(words), 0)
            for pattern in (patterns[which] for which in possible)
            if len(words) in self._ends(pattern, 0, atoms, {})
        ]

    @cached_property
    def _concepts_of(self) -> dict[int, list[str]]:
        """The concepts that may begin with an atom."""
        index: dict[int, list[str]] = defaultdict(list)
        for concept, starts in self._phrases.concepts.items():
            for atom in starts:
                index[atom].append(concept)
        return index

    @cached_property
    def _long_words(self) -> dict[str, list[str]]:
        """The words in which a typing mistake is overlooked, by what one mistake leaves right of them."""
        index: dict[str, list[str]] = defaultdict(list)
        for word in (*self._phrases.literals, *self._phrases.prefixes):
            if len(word) >= _FUZZY_FROM and word.isalpha():
                for part in _parts(word):
                    index[part].append(word)
        return index

    @cached_property
    def _sounds(self) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """The atoms of words, and of the beginnings of words, by what they sound like."""
        indexes: tuple[dict[str, list[int]], dict[str, list[int]]] = (defaultdict(list), defaultdict(list))
        for index, written in zip(indexes, (self._phrases.literals, self._phrases.prefixes), strict=True):
            for word, atom in written.items():
                if heard := sound(word):
                    index[heard].append(atom)
        return indexes

    def _find_atoms(self, word: str) -> frozenset[int]:
        known = self._known_atoms(word)
        if word[0] in _JOINED_AND and len(word) > 3:  # Arabic writes "and" and "so" onto the next word
            known |= self._known_atoms(word[1:])
        if known or word in self._frequent:
            return known
        if self._phrases.by_sound and (heard := sound(word[:30])):
            literals, prefixes = self._sounds
            begins = (prefixes.get(heard[:n], ()) for n in range(FEWEST, len(heard) + 1))
            if known := frozenset(chain(literals.get(heard, ()), *begins)):
                return known
        if len(word) < _FUZZY_FROM - 1 or not word.isalpha():
            return known
        return frozenset(self._mistaken_atoms(word[:30]))

    def _known_atoms(self, word: str) -> frozenset[int]:
        phrases, size = self._phrases, len(word)
        atoms = {phrases.literals.get(word)}
        atoms.update(phrases.prefixes.get(word[:n]) for n in self._prefix_lengths if n <= size)
        atoms.update(phrases.suffixes.get(word[size - n :]) for n in self._suffix_lengths if n <= size)
        for n in self._infix_lengths:
            atoms.update(phrases.infixes.get(word[i : i + n]) for i in range(min(size, 40) - n + 1))
        return frozenset(atom for atom in atoms if atom is not None)

    def _mistaken_atoms(self, word: str) -> Iterator[int]:
        """Atoms of the words, and of the beginnings of words, that this one is a typing mistake away from."""
        literals, prefixes = self._phrases.literals, self._phrases.prefixes
        for length in range(_FUZZY_FROM - 1, len(word) + 1):
            beginning = word[:length]
            for meant in (known for part in _parts(beginning) for known in self._long_words.get(part, ())):
                if _one_mistake(beginning, meant):
                    if length == len(word) and meant in literals:
                        yield literals[meant]
                    if meant in prefixes:
                        yield prefixes[meant]

    def _beginnings(self, element: Element) -> frozenset[int]:
        """The atoms that what an element means may begin with."""
        return element.atoms.union(*(self._phrases.concepts[concept] for concept in element.concepts))

    def _find_needs(self, which: int) -> tuple[frozenset[int], ...]:
        """Of each element of a pattern that must be there, the atoms that it may begin with."""
        elements = self._phrases.patterns[which].elements
        return tuple(self._beginnings(e) for e in elements if not (e.gap or e.optional or e.end))

    def _find_begins(self, which: int) -> frozenset[int] | None:
        """The atoms that a pattern may begin with, unless it may begin with anything."""
        first = self._phrases.patterns[which].elements[0]
        return None if first.gap or first.optional or first.end else self._beginnings(first)

    def _search(
        self,
        pattern: Pattern,
        begins: frozenset[int] | None,
        atoms: list[frozenset[int]],
        concepts: dict[tuple[str, int], list[int]],
    ) -> tuple[int, int] | None:
        """The first place of a pattern in a sentence."""
        for start in range(1 if pattern.from_begin else len(atoms)):
            if begins is not None and begins.isdisjoint(atoms[start]):
                continue
            if ends := self._ends(pattern, start, atoms, concepts):
                if not pattern.to_end:
                    return start, min(ends)
                if len(atoms) in ends:
                    return start, len(atoms)
        return None

    def _ends(
        self, pattern: Pattern, start: int, atoms: list[frozenset[int]], concepts: dict[tuple[str, int], list[int]]
    ) -> set[int]:
        """Where a pattern that begins here may end: step by step, all ways at once."""
        places = {start}
        for element in pattern.elements:
            if element.gap:
                places = {min(place + more, len(atoms)) for place in places for more in range(element.gap + 1)}
                continue
            following = set(places) if element.optional else set()
            for place in places:
                if place == len(atoms):
                    following.update({place} if element.end else ())
                else:
                    if element.atoms & atoms[place]:
                        following.add(place + 1)
                    for concept in element.concepts:
                        following.update(self._concept_ends(concept, place, atoms, concepts))
            places = following
            if not places:
                break
        return places

    def _concept_ends(
        self, concept: str, place: int, atoms: list[frozenset[int]], known: dict[tuple[str, int], list[int]]
    ) -> list[int]:
        ends = known.get((concept, place))
        if ends is None:
            starts = self._phrases.concepts[concept]
            ends = known[concept, place] = [
                place + 1 + len(rest)
                for atom in atoms[place] & starts.keys()
                for rest in starts[atom]
                if len(rest) < len(atoms) - place and all(a in atoms[place + 1 + n] for n, a in enumerate(rest))
            ]
        return ends


def _parts(word: str) -> tuple[str, str]:
    """Two parts of a word of five letters or more: a mistake that is not in its first letter is not in both of them."""
    return word[:3], word[0] + word[-2:]


def _one_mistake(written: str, meant: str) -> bool:
    """Whether one letter too many, too few, exchanged with its neighbour, or (in words of seven or more) wrong."""
    if written == meant:
        return True
    if abs(len(written) - len(meant)) > 1:
        return False
    begin = 0
    while begin < min(len(written), len(meant)) and written[begin] == meant[begin]:
        begin += 1
    if len(written) != len(meant):
        longer, shorter = sorted((written, meant), key=len, reverse=True)
        return longer[begin + 1 :] == shorter[begin:]
    exchanged = (
        written[begin : begin + 2][::-1] == meant[begin : begin + 2] and written[begin + 2 :] == meant[begin + 2 :]
    )
    return exchanged or (len(meant) > _FUZZY_FROM and written[begin + 1 :] == meant[begin + 1 :])
