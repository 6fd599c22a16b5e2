"""How Arabic sounds when it is written in Latin letters, where everybody spells as he likes.

Figures are letters (3 is ayn, 7 is ha), some sounds have several spellings (sh, ch, 4), vowels are long, short, other
ones or left out. Two spellings of a word have the same sound here; so do some words that are not the same.
"""

from __future__ import annotations

import re

_LETTERS = (
    ("sh", "4"),
    ("ch", "4"),
    ("kh", "5"),
    ("gh", "8"),
    ("dh", "z"),
    ("th", "s"),
    ("ph", "f"),
    ("ck", "k"),
)
_SOUNDS = str.maketrans(
    {"2": "", "3": "a", "6": "t", "7": "h", "9": "s", "q": "k", "c": "k", "j": "g", "p": "b", "v": "f", "x": "4"}
)
_VOWELS = re.compile("[aeiouyw]+")
_TWICE = re.compile(r"(.)\1+")
FEWEST = 3  # letters of a sound that tells a word


def sound(word: str) -> str:
    """A normalised word's consonants, and the vowel that it begins with if it does; "" where too few are left."""
    for written, letter in _LETTERS:
        word = word.replace(written, letter)
    word = word.translate(_SOUNDS)
    found = _TWICE.sub(r"\1", ("a" if word[:1] in "aeiou" else word[:1]) + _VOWELS.sub("", word[1:]))
    return found if len(found) >= FEWEST else ""
