"""Phrase files: compiled from what translators write, or read as the build left them, which takes a tenth of the time.

The build writes INDEX, and beside each phrase file its compiled form as JSON. Where there is no INDEX, as in the
sources, the phrase files themselves are compiled, so what a translator has changed is what is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from kept.domain.errors import PhraseError
from kept.domain.mail.wording import (
    INTENTS,
    STRENGTHS,
    Element,
    Lexicon,
    Pattern,
    Phrases,
    Strength,
)
from kept.domain.mail.words import is_word, normalise

INDEX = "languages.json"  # of each language its name, its code, and the words that tell it from the others
MAX_GAP = 8


class Language:
    """A language: what tells it from others, and its phrases, loaded only once something is written in it."""

    def __init__(self, name: str, code: str, detect: str, phrases: Phrases | Path) -> None:
        """Make it of its compiled phrases, or of the file that the build left them in."""
        self.name = name
        self.code = code
        self.familiar = frozenset(detect.split())
        self._phrases = phrases

    @cached_property
    def lexicon(self) -> Lexicon:
        """The phrases."""
        if isinstance(self._phrases, Path):
            return Lexicon(msgspec.json.decode(self._phrases.read_bytes(), type=Phrases))
        return Lexicon(self._phrases)


def load_languages(folder: Path) -> tuple[Language, ...]:
    """Every language that there are phrases for. Raises PhraseError, which names the file and what is wrong with it."""
    index = folder / INDEX
    if not index.exists():
        return tuple(Language(p.name, p.code, p.detect, p) for p in _compile_folder(folder))
    heads = msgspec.json.decode(index.read_bytes(), type=list[tuple[str, str, str]])
    return tuple(Language(name, code, detect, folder / f"{name}.json") for name, code, detect in heads)


def write_built(folder: Path) -> None:
    """Compile a folder's phrase files and write what `load_languages` then reads. Raises PhraseError."""
    compiled = _compile_folder(folder)
    for phrases in compiled:
        (folder / f"{phrases.name}.json").write_bytes(msgspec.json.encode(phrases))
    heads = [(phrases.name, phrases.code, phrases.detect) for phrases in compiled]
    (folder / INDEX).write_bytes(msgspec.json.encode(heads))


def compile_file(path: Path) -> Phrases:
    """Compile a phrase file. Raises PhraseError, which names the file and the pattern."""
    import tomllib

    try:
        return compile_phrases(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)
    except (OSError, KeyError, ValueError) as error:
        raise PhraseError(f"{path.name}: {error}") from None


def compile_phrases(content: Mapping[str, Any], name: str) -> Phrases:
    """Compile a phrase file's content. Raises PhraseError, which names the file and the pattern."""
    atoms = _Atoms(name)
    concepts = {concept: _by_first_atom(said, atoms) for concept, said in content.get("concepts", {}).items()}
    patterns: list[Pattern] = []
    by_atom: dict[int, list[int]] = defaultdict(list)
    by_atom_alone: dict[int, list[int]] = defaultdict(list)
    for intent in INTENTS:
        section = content.get(intent, {})
        if unknown := set(section) - set(STRENGTHS):
            raise PhraseError(f"{name}: [{intent}]: unknown key {', '.join(sorted(unknown))}")
        for strength in STRENGTHS:
            index = by_atom_alone if strength == "alone" else by_atom
            for source in section.get(strength, ()):
                pattern = _pattern(intent, strength, source, concepts, atoms)
                for atom in _rarest(pattern, concepts):
                    index[atom].append(len(patterns))
                patterns.append(pattern)
    return Phrases(
        name=name,
        code=content["language"],
        detect=content["detect"],
        polite=content["polite"],
        literals=atoms.literals,
        prefixes=atoms.prefixes,
        suffixes=atoms.suffixes,
        infixes=atoms.infixes,
        concepts=concepts,
        patterns=patterns,
        by_atom=by_atom,
        by_atom_alone=by_atom_alone,
        by_sound=content.get("by_sound", False),
    )


def _compile_folder(folder: Path) -> list[Phrases]:
    return [compile_file(path) for path in sorted(folder.glob("*.toml"))]


class _Atoms:
    """The words and globs of a phrase file, numbered; the same wherever they stand."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.literals: dict[str, int] = {}
        self.prefixes: dict[str, int] = {}
        self.suffixes: dict[str, int] = {}
        self.infixes: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def number(self, word: str, where: str) -> int:
        """The number of a word or glob. Raises PhraseError."""
        if (known := self._numbers.get(word)) is not None:
            return known
        kind: dict[str, int]
        if word.startswith("*") and word.endswith("*") and len(word) > 2:
            kind, core = self.infixes, word[1:-1]
        elif word.endswith("*"):
            kind, core = self.prefixes, word[:-1]
        elif word.startswith("*"):
            kind, core = self.suffixes, word[1:]
        else:
            kind, core = self.literals, word
        if not core or "*" in core or (kind is not self.literals and len(core) < 3):
            raise PhraseError(f"{self.name}: {where!r}: {word!r} is no word and no glob of three letters or more")
        if normalise(core) != core:
            raise PhraseError(f"{self.name}: {where!r}: write {word!r} in its normal form, {normalise(core)!r}")
        if not is_word(core):  # a gap, `^` or `x?` among alternatives, a concept with a space in its name …
            raise PhraseError(
                f"{self.name}: {where!r}: {word!r} can be no word of a mail: alternatives are single words"
            )
        kind[core] = self._numbers[word] = len(self._numbers)
        return kind[core]


def _by_first_atom(alternatives: Iterable[str], atoms: _Atoms) -> dict[int, list[tuple[int, ...]]]:
    """A concept's alternatives: their first atom, and what may follow it."""
    starts: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for alternative in alternatives:
        first, *rest = (atoms.number(word, alternative) for word in alternative.split())
        starts[first].append(tuple(rest))
    return starts


def _pattern(intent: str, strength: Strength, source: str, concepts: Mapping[str, Any], atoms: _Atoms) -> Pattern:
    elements: list[Element] = []
    parts = source.split()
    from_begin, to_end = parts[:1] == ["^"], parts[-1:] == ["$"]
    for part in parts[from_begin : len(parts) - to_end]:
        if part.startswith(".."):
            if not part[2:].isdecimal() or not 0 < int(part[2:]) <= MAX_GAP:
                raise PhraseError(f"{atoms.name}: {source!r}: a gap is ..1 to ..{MAX_GAP}")
            elements.append(Element(gap=int(part[2:])))
            continue
        optional = part.endswith("?")
        choices = part.removesuffix("?").split("|")
        end = "$" in choices
        choices = [choice for choice in choices if choice != "$"]
        named = tuple(choice[1:-1] for choice in choices if choice.startswith("{"))
        if unknown := [concept for concept in named if concept not in concepts]:
            raise PhraseError(f"{atoms.name}: {source!r}: there is no concept {unknown[0]!r}")
        numbers = frozenset(atoms.number(choice, source) for choice in choices if not choice.startswith("{"))
        elements.append(Element(numbers, named, optional, end=end))
    if not any(element.gap == 0 and not (element.optional or element.end) for element in elements):
        raise PhraseError(f"{atoms.name}: {source!r}: has no word that must be there")
    checksum = crc32(f"{atoms.name} {intent} {strength} {source}".encode())
    return Pattern(checksum, intent, strength, tuple(elements), from_begin, to_end)


def _rarest(pattern: Pattern, concepts: Mapping[str, Mapping[int, Any]]) -> frozenset[int]:
    """The atoms of the element that fewest words can be: where none of them is, the pattern cannot be."""
    required = [
        element.atoms.union(*(concepts[concept] for concept in element.concepts))
        for element in pattern.elements
        if not (element.gap or element.optional or element.end)
    ]
    return min(required, key=len)
